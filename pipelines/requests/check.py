"""Options of trying registered models with the installed packages."""

from pydantic import Field

from espalier.pipelines.requests.form import Form, OptionalText


class CheckRequest(Form):
    """Options of `check`, which asks champions the rows they were saved with."""

    model: OptionalText = Field(
        default=None,
        title="Model",
        description="The registered model: NAME (its champion), NAME@alias or NAME/VERSION; empty "
        "for the champions of all models.",
    )
