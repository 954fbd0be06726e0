"""What a coinbase script says of its writer, on real scripts where one is at hand."""

import pytest

from monitor.attribution.signature import lead, letters, signature


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (b"\x03\xcd\x8d\x0d\x04\xc5\xdb\xd8g://14fb78b6-b0d0-4313-9069-2b2a6deaa7ff\0\x03\x8d\xc4", "://<any uuid>"),
        (b"\x03\xa6\xe2\x0d\x04/\x96\x9dh://c52b7570-c6e5-492b-b2ed-05fa7276bc15\0\x01\x0e\x9f", "://<any uuid>"),
        (b"\x03\xf7\x8a\x0b\x04\xdf\xae7c/Foundry USA Pool #dropgold/\x1dp\xe0,", "/Foundry USA … #dropgold/"),
        (b"\x03\xd6\x99\x0b\x04\xa5`Xc/Foundry USA Pool #dropgold/ \\\xda9\x91\x04", "/Foundry USA … #dropgold/"),
        (b"\x03\xe7\x8a\x0b\x1bMined by AntPool906f\0\x15\x02\xba", "AntPool"),
        (b"\x03\xce\xe2\x0d\x19Mined by AntPool n\0v\x03\x13\xfeMD", "AntPool"),
        (b"\x03\xcc\xe2\x0d\x1b/ViaBTC/Mined by igor5xumr/,\0\x10\0\0", "/ViaBTC/"),
        (b"\x03\xe8\xe2\x0d,\0\x10\0\0\0\xf0\x9f\x90\x9f\x09/F2Pool/s\0\0", "/F2Pool/"),
        (b"\x03\xfc\xe2\x0d\x04rp\x9ehSpiderPool/4732/\x9b8\xf8\x09", "SpiderPool/…/"),
        (
            b"\x03\xef\xe2\x0d6B2: 0x783c3f003f172c6Ac5AC700218a357d2D66Ee2a2\xa7\0*\x03\x99",
            "B…: 0x783c3f003f172c6Ac5AC700218a357d2D66Ee2a2",
        ),
        (b"\x03 \x8b\x0b\x01 \x12\t\t\t \t\t \t\x05q\xe5\x0d\xe5;", "\t\t\t \t\t \t"),
        (
            b"\x03\xbd\x9b\x0b\0\x04\xa1\xa5\\c\x04\x7f\xc5t*\x0c\xd8\x0cRc\xb7 \0\0\0\x03\x13@\ncrypto\x0b/CODEBLACK/",
            "/CODEBLACK/",
        ),
        (b"\x03\x0d\x8d\x0a\x04\x01\x02\x03\x04" + "七彩神仙鱼".encode() + b"\xb8\x1a\x09", "七彩神仙鱼"),
        (b"\x03\xb5\x4a\x0a/1THash/", "/1THash/"),
    ],
)  # fmt: skip
def test_what_varies_is_folded_and_noise_is_cut(script: bytes, expected: str) -> None:
    assert signature(script[lead(script)[1] :]) == expected


@pytest.mark.parametrize(
    "text",
    [
        "ckpool", "/MiningCore/", "\x0d/nodeStratum/", "/stratum/", "Public-Pool", "Stratum V2 SRI Pool",
        "\x0fDATUM Gateway\x0fDATUM User", "/P2SH/", "/EB1/AD6/NYA/", "/BIP100/BIP148/segwit/", "/signet:1/",
        "/regtest/", "Mined by miner 12345", "/bitcoin/solo/pool/", "1234567890", "\x06jaxnet",
    ],
)  # fmt: skip
def test_software_votes_and_everyday_words_sign_nothing(text: str) -> None:
    assert signature(text.encode()) is None


def test_flags_beside_a_signature_do_not_change_what_it_is() -> None:
    assert signature(b"/BitClub Network/NYA/\x01") == "/BitClub Network/…/"
    assert signature(b"/BitClub Network/EB1/\x01") == "/BitClub Network/…/"


def test_after_ckpool_the_operators_own_words_count() -> None:
    assert signature(b"\nckpool\x03xmi") == "xmi"


def test_a_common_word_inside_a_name_is_part_of_it() -> None:
    assert signature(b"/BTC.COM/") == "/BTC.COM/"
    assert signature(b"/NewPool/") == "/NewPool/"
    assert signature(b"/mining-castle/") == "/mining-castle/"


def test_a_workers_name_signs_only_where_nothing_else_does() -> None:
    assert signature(b"\xf0\x9f\x90\x9f\x14Mined by chenguanghai\0\0/meadow/") == "/meadow/"
    assert signature(b"\x15Mined by chenguanghai\0") == "chenguanghai"


@pytest.mark.parametrize("script", [b"", b"\0" * 100, b"\xff" * 100, b"ab\x01cd\x02", "a\u202eb\u2066c".encode()])
def test_bytes_without_words_sign_nothing(script: bytes) -> None:
    assert signature(script) is None


def test_direction_marks_and_controls_end_a_text() -> None:
    assert signature("/meadow/\u202egnitide".encode()) == "/meadow/"


def test_what_a_text_says_is_its_letters() -> None:
    assert [letters(text) for text in ("/ab…/12", "七彩", "   ", "\t \t")] == [2, 4, 0, 3]
