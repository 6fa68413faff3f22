"""For `flask --app wsgi …` and every WSGI server.

What hinders the start is told in one line. The exit says whether trying again may help: a server
that starts workers ends with the number of the first, and systemd goes by it.
"""

import sys

from sqlalchemy.exc import OperationalError

import config
from wibawa.access.personal_data import WrongKey
from wibawa.app import create_app
from wibawa.commands import AGAIN, UNFIT, away
from wibawa.schema import DamagedSchema

try:
    app = create_app(config.load())
except (config.ConfigurationError, DamagedSchema, WrongKey) as error:
    print(error, file=sys.stderr)
    sys.exit(UNFIT)
except OperationalError as error:
    print(away(error), file=sys.stderr)
    sys.exit(AGAIN)
