"""The settings of endpoints: part of `espalier.infra.settings.Settings`."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class EndpointSettings(BaseSettings):
    """Who may ask an endpoint, and how long its requests are kept."""

    endpoint_token: SecretStr | None = Field(
        default=None,
        description="What requests to `espalier endpoint` must bring (`Authorization: Bearer "
        "...`), as `--token`; `none`: nothing. Empty: nothing at 127.0.0.1; elsewhere a token is "
        "made up at each start and shown.",
    )
    keep_requests_days: float = Field(
        default=30.0,
        ge=0,
        description="Days that the request log of an endpoint, in `requests` in the home folder, "
        "is kept; 0 keeps it until it is full.",
    )
