"""Settings of the HTTP server: where it listens, how long a sign-in lasts."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ApiSettings(BaseSettings):
    """Read from `FOOTNOTE_*` variables or `.env`."""

    model_config = SettingsConfigDict(env_prefix="FOOTNOTE_", env_file=".env", env_ignore_empty=True, extra="ignore")

    host: str = Field(default="127.0.0.1", description="Address the server listens on.")
    port: int = Field(default=8000, description="Port the server listens on.", ge=0, le=65535)
    log_level: str = Field(default="info", description="debug, info, warning or error.")
    secure_cookies: bool = Field(
        default=False, description="Send the session cookie over HTTPS only; set it when a proxy in front ends TLS."
    )
    session_days: int = Field(default=14, description="A sign-in ends after this many days.", ge=1, le=365)
    ready_wait_seconds: float = Field(
        default=20.0, description="Longest wait of a search for indexes that still load, in seconds.", ge=0
    )
