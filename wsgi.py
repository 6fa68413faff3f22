"""For `flask --app wsgi …` and every WSGI server."""

import config
from wibawa.app import create_app

app = create_app(config.load())
