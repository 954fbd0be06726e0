"""What the user may say of those who are told, and what is said to one who said it wrongly."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme

from monitor.config import Config, load
from monitor.errors import ConfigError

SECRET = f"whsec_{'A' * 40}"


def said(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "said.toml"
    path.write_text(text, "utf-8")
    return load(path)


def test_saying_nothing_tells_nobody() -> None:
    config = Config()
    assert config.alerts.alertmanager.urls == ()
    assert config.alerts.apprise.secret_urls == ()
    assert (config.alerts.webhook.secret_url, config.alerts.webhook.key, config.mqtt.url) == (None, None, None)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[alerts]\nlink = "pools.example.org"', "alerts: link must look like https://pools.example.org"),
        (
            '[alerts.webhook]\nurl = "https://example.org/h00k"',
            "url and secret must be set together: every request is signed",
        ),
        (f'[alerts.webhook]\nsecret = "{SECRET}"', "url and secret must be set together: every request is signed"),
        (f'[alerts.webhook]\nurl = "h00k"\nsecret = "{SECRET}"', "url must look like https://example.org/hook"),
        ('[alerts.webhook]\nurl = "https://u:h00k@x"\nsecret = "s"', "secret must be whsec_ and at least 24 bytes"),
        (f'[alerts.webhook]\nurl = "https://u:h00k@x"\nsecret = "{SECRET}"', "url contains a password"),
        ('[alerts.webhook]\nurl = "https://x"\nsecret = "whsec_h00k"', "secret must be whsec_ and at least 24 bytes"),
        ('[alerts.apprise]\nurls = ["h00k"]', "urls: one of them is no Apprise URL"),
        ('[alerts.apprise]\nurls = ["x://h00k", "x://h00k"]', "urls: list each URL once"),
        ('[alerts.alertmanager]\nurls = ["http://a:1", "http://a:1"]', "urls: list each URL once"),
        ('[alerts.alertmanager]\nurls = ["a:9093"]', "urls must look like http://127.0.0.1:9093"),
        ('[alerts.alertmanager]\nuser = "u"', "user and password \\(or password_file\\) must be set together"),
        ('[mqtt]\nurl = "mqtt://alice:h00k@127.0.0.1"', "url contains a password: use user and password_file"),
        ('[mqtt]\nurl = "tcp://127.0.0.1"', "url must look like mqtt://127.0.0.1:1883 or mqtts://broker:8883"),
        ('[mqtt]\nprefix = "a/+/b"', "prefix must not contain \\+ or #"),
        ('[mqtt]\nprefix = "/a"', "prefix must not contain"),
        ('[mqtt]\nprefix = ""', "mqtt.prefix: String should have at least 1 character"),
        ('[mqtt]\nuser = "alice"', "user and password \\(or password_file\\) must be set together"),
        ('[mqtt]\ncert_file = "x"', "cert_file and key_file must be set together"),
        ('[mqtt]\nprotocol = "4"', "mqtt.protocol: Input should be '3.1.1' or '5'"),
        ('[mqtt]\nca_file = "nowhere.pem"', "nowhere.pem: cannot be used for TLS \\(No such file or directory\\)"),
    ],
)
def test_what_is_wrong_is_said_without_the_secret(text: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=sentence) as caught:
        said(tmp_path, text)
    assert "h00k" not in str(caught.value)


def test_no_secret_is_printed(tmp_path: Path) -> None:
    config = said(
        tmp_path,
        f'[alerts.webhook]\nurl = "https://example.org/h00k"\nsecret = "{SECRET}"\n'
        '[alerts.apprise]\nurls = ["tgram://h00k/1"]\n[mqtt]\nuser = "u"\npassword = "h00k"\n',
    )
    printed = f"{config!r} {config} {config.model_dump()} {config.model_dump_json()}"
    assert "h00k" not in printed
    assert SECRET not in printed


def test_a_certificate_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("hello")
    with pytest.raises(ConfigError, match=r"ca\.pem: cannot be used for TLS \(.*\); it must be readable, and PEM"):
        said(tmp_path, f'[mqtt]\nca_file = "{tmp_path}/ca.pem"')


def test_a_key_with_a_password_is_said_and_nobody_is_asked_for_it(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 -- trustme brings it
        BestAvailableEncryption,
        Encoding,
        PrivateFormat,
        load_pem_private_key,
    )

    own = trustme.CA().issue_cert("x.example")
    own.cert_chain_pems[0].write_to_path(tmp_path / "client.pem")
    key = load_pem_private_key(own.private_key_pem.bytes(), None)
    sealed = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    (tmp_path / "client.key").write_bytes(sealed)
    with pytest.raises(ConfigError, match=r"client\.pem: cannot be used for TLS \(the key has a password\)"):
        said(tmp_path, f'[mqtt]\ncert_file = "{tmp_path}/client.pem"\nkey_file = "{tmp_path}/client.key"')
