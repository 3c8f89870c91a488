"""``python -m espalier``: the command line."""

from espalier.infra.processes.import_path import leave_working_folder

# Before anything else is imported: Python has put the working folder first in the path.
leave_working_folder()

from espalier.flows.cli.app import main  # noqa: E402

if __name__ == "__main__":
    main()
