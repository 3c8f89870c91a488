"""Secrets in blocks of the Prefect server: ``block:secret/shop`` in a data source."""

from espalier.pipelines.errors import UserError

KIND = "secret/"


def read_secret_block(name: str) -> str:
    """Return the value of the block ``secret/<name>`` of the Prefect server of this process.

    Raises
    ------
    UserError
        There is no such block, or its value is no text.
    """
    from prefect.blocks.system import Secret
    from prefect.utilities.asyncutils import run_coro_as_sync

    slug = name.removeprefix(KIND)
    try:
        # Only this kind is opened, whatever the name says.
        block = run_coro_as_sync(Secret.aload(slug))
    except ValueError as error:
        if "Unable to find block document" not in str(error):
            raise
        raise UserError(
            f"there is no Prefect block 'secret/{slug}', which the data source names; make it on "
            "Prefect's page Blocks, of the type Secret"
        ) from None
    value = None if block is None else block.get()
    if not isinstance(value, str):
        raise UserError(f"the Prefect block 'secret/{slug}' holds no text")
    return value
