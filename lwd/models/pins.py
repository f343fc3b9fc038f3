"""Which files each model is made of, and what is known of their bytes.

Owns nothing but facts. A revision is a full commit, a digest a SHA-256; what is None was not known
when this release of lwd was made.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a repository."""

    path: str
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Pin:
    """A repository, and the two files that are taken from it."""

    repo: str
    revision: str | None
    weights: RemoteFile
    config: RemoteFile = RemoteFile("config.json")


def _npz(size: int | None = None, sha256: str | None = None) -> RemoteFile:
    return RemoteFile("weights.npz", size, sha256)


def _config(size: int, sha256: str) -> RemoteFile:
    return RemoteFile("config.json", size, sha256)


_DISTIL_REPO = "mustafaaljadery/distil-whisper-mlx"
_DISTIL_REVISION = "8e16457a2a272e8344eefffdea7f7d6d81310761"


def _distil(name: str) -> Pin:
    folder = f"mlx_models/{name}"
    return Pin(
        _DISTIL_REPO,
        _DISTIL_REVISION,
        RemoteFile(f"{folder}/weights.npz"),
        RemoteFile(f"{folder}/config.json"),
    )


PINS: dict[str, Pin] = {
    "tiny": Pin(
        "mlx-community/whisper-tiny-mlx",
        "6caf9c55601caafbe6508a8b0d216bdf4783c4e8",
        _npz(74_418_540, "0e03a5993d6eea43b07ee2dcc772b0e4cef5bb227257dacc24bf289387d49186"),
        _config(262, "aaff20ce8f69beddee3fe0cc1e08f4e92f58586cb9f12ba00a6f73cbfec1cb1c"),
    ),
    "tiny-4bit": Pin(
        "mlx-community/whisper-tiny-mlx-4bit",
        None,
        _npz(),
    ),
    "tiny-8bit": Pin(
        "mlx-community/whisper-tiny-mlx-8bit",
        "9ecd70d4c7fa9fb903c46203f90950355a77ff90",
        _npz(None, "993a23a61ec2916324649a533baa863b99528d0f0132e05031325f4bca072956"),
    ),
    "tiny.en": Pin(
        "mlx-community/whisper-tiny.en-mlx",
        "5f4dafbb28e62a53c1b10426ff7eed36ca733bf7",
        _npz(74_417_804, "4627203f0807d6496dda0d200e893b04ff24c98e73aa51c485c06203a0330b17"),
        _config(262, "452e616242261333a661bc86db762b3720d6cc7e2eccd3d8e19a631871c26dd9"),
    ),
    "base": Pin(
        "mlx-community/whisper-base-mlx",
        "1e3e249fb8d01c655324bd6841b1deadffd6d04c",
        _npz(143_724_204, "2f57d5f3ef473054c638961f90716f4ee415e8108de81313eccb2c5fd62eff0b"),
        _config(262, "737220a6d958b3ad48e78f840fa991556266983c84ea2ca40e413389c62e4c2f"),
    ),
    "base-4bit": Pin(
        "mlx-community/whisper-base-mlx-4bit",
        "c982097aa78296fd6de6202fe1f1e40e2a8d582f",
        _npz(None, "de610861d15452d1219382c65f1020337249f0a23724542870b33a1ae98e21ee"),
    ),
    "base-8bit": Pin(
        "mlx-community/whisper-base-mlx-8bit",
        None,
        _npz(None, "4e27ba7df27aab7c121c9138e815c2ce69bff876eec3d35ef6221ccd55d5d546"),
    ),
    "small": Pin(
        "mlx-community/whisper-small-mlx",
        "45f3915923c7a79a5a5b5a7d909d39aeb0e5630e",
        _npz(481_307_592, "55b6674c9b339702d486e2b1573839a66f8ec8f821ed2886993ef717a86b09f5"),
        _config(266, "e8f58e638208af66d5d5d67801259dc7a12d199e971967a9f9d33a8e3635668e"),
    ),
    "small-4bit": Pin(
        "mlx-community/whisper-small-mlx-4bit",
        "f1da4c67f2ee8b6e763b974e149aa65d5b7658b7",
        _npz(),
    ),
    "small-8bit": Pin(
        "mlx-community/whisper-small-mlx-8bit",
        "91411a8d7af2228da0b1a8293ab1572750be25a3",
        _npz(None, "9ee724d4123d5f77933388f5dc087b72bb1ebb4044d97cb9374d507dc52ed13f"),
    ),
    "small.en": Pin(
        "mlx-community/whisper-small.en-mlx",
        None,
        _npz(),
    ),
    "medium": Pin(
        "mlx-community/whisper-medium-mlx",
        "7fc08c4eac4c316526498f147dfdee6f6303f975",
        _npz(1_524_924_912, "10b597c2bcb1bcc38b2d3d24cd4f0885f461a7cd70e8444d6ad5a763ece549ea"),
        _config(268, "3ff0b3f17a5a3a614327ffd835a3c8f6c78f39cbd39e84dbff4b0ae267c4d2e4"),
    ),
    "medium-4bit": Pin(
        "mlx-community/whisper-medium-mlx-4bit",
        None,
        _npz(),
    ),
    "medium-8bit": Pin(
        "mlx-community/whisper-medium-mlx-8bit",
        None,
        _npz(),
    ),
    "large": Pin(
        "mlx-community/whisper-large-mlx",
        "9310354911111f2406ead1478e0139d9c6ea3acc",
        _npz(),
    ),
    "large-4bit": Pin(
        "mlx-community/whisper-large-mlx-4bit",
        "8692e7f29ac6e4996a1777c5487bbdeb2d0999ca",
        _npz(None, "7b21186ac86e5e63b41005cb7a77f7fe24d78c11c5f451c2659ac93eb1db24fc"),
    ),
    "large-8bit": Pin(
        "mlx-community/whisper-large-mlx-8bit",
        None,
        _npz(),
    ),
    "large-v2": Pin(
        "mlx-community/whisper-large-v2-mlx",
        "cce86229e2765266197fef869ce9f7e2550067ab",
        _npz(3_083_149_424, "c9888a2d03b4e9906c2864151f56dc21e58d617938da0eb818152e3f99adc3f1"),
        _config(268, "77d68bd8db0be90465fd7d35f8e4fa418297e449a27525060517a7e0df432c4b"),
    ),
    "large-v2-4bit": Pin(
        "mlx-community/whisper-large-v2-mlx-4bit",
        "79e71f0c4946290e517db80c7a5cba6f91bdfcaf",
        _npz(973_192_048, "a9750a23643ad7bcabdfdf1c6b3dd6942f3f6237a70035c6df7a4dd08cfecc5a"),
        _config(341, "8f45c08bdb3667e329f28fb7ad650462d9dae4a06e770038407dd0bb6ed56211"),
    ),
    "large-v2-8bit": Pin(
        "mlx-community/whisper-large-v2-mlx-8bit",
        "ee1ab587ec0827941f04d9bb0ff9c2005444ef80",
        _npz(1_707_195_248, "588ec1d1ea3d0b5ff124ead7fb4aea851283a9c75f432b5cd0903571cf892277"),
        _config(341, "c0cca1af29838266a113e63207598962528b71a4a4e8cefe9feaa6562f53271d"),
    ),
    "large-v3": Pin(
        "mlx-community/whisper-large-v3-mlx",
        "49e6aa286ad60c14352c404340ded53710378a11",
        _npz(3_083_520_416, "05ff791ce3630fae47e7c51004e9666204d786246ec07cac6110af768099b40d"),
        _config(269, "34982ce6ae286095000f82ae9583b3431639e8b092bf60c961f203745e6500e3"),
    ),
    "large-v3-4bit": Pin(
        "mlx-community/whisper-large-v3-mlx-4bit",
        "d12b5d0043a6fe0c59af321617fba041d4e8e0c8",
        _npz(973_563_040, "3bfa3c4e42344ea87a5b81a73992a867088ae076d377042e384b657adea81db9"),
        _config(342, "2169666f6066dc3cb5b97456b14d799d9846fc713cb0bbd98367834b95726ec1"),
    ),
    "large-v3-8bit": Pin(
        "mlx-community/whisper-large-v3-mlx-8bit",
        "04ca5b03c22d72ddf4f4b2d808a28bf9902fb71a",
        _npz(1_707_566_240, "890ee7a120c2cc239b7a17fefed7726df9feaec5488f2e02a0eda909beac5749"),
        _config(342, "ac4c54c7011f31fe9d97cea8217b434799f997106c9638d0114f04ebbb65dc08"),
    ),
    "large-v3-turbo": Pin(
        "mlx-community/whisper-large-v3-turbo",
        "a4aaeec0636e6fef84abdcbe3544cb2bf7e9f6fb",
        RemoteFile(
            "weights.safetensors",
            1_613_977_612,
            "951ed3fc1203e6a62467abb2144a96ce7eafca8fa77e3704fdb8635ff3e7f8a6",
        ),
        _config(268, "b34fc29e4e11e0a25e812775dd67f4dd16fc2c8eb43d28ae25ff7d660ecb6379"),
    ),
    "large-v3-turbo-4bit": Pin(
        "mlx-community/whisper-large-v3-turbo-q4",
        "660c343bbf4e52ac257f0b7d952e5388e6f93bef",
        _npz(463_664_664, "862bbc832b05f3f4ec19dd632b701d61a6d3f5c7906360a10d72a79870642a80"),
        _config(341, "538e24557b8f9bc504700add5e7bbe32087c2353001ff563e64772ad4398671a"),
    ),
    "large-v3-turbo-8bit": Pin(
        "mlx-community/whisper-large-v3-turbo-8bit",
        None,
        RemoteFile("model.safetensors"),
    ),
    "distil-small.en": _distil("distil-small.en"),
    "distil-small.en-4bit": _distil("distil-small.en-4-bit"),
    "distil-small.en-8bit": _distil("distil-small.en-8-bit"),
    "distil-medium.en": _distil("distil-medium.en"),
    "distil-medium.en-4bit": _distil("distil-medium.en-4-bit"),
    "distil-medium.en-8bit": _distil("distil-medium.en-8-bit"),
    "distil-large-v2": _distil("distil-large-v2"),
    "distil-large-v2-4bit": _distil("distil-large-v2-4-bit"),
    "distil-large-v2-8bit": _distil("distil-large-v2-8-bit"),
    "distil-large-v3": _distil("distil-large-v3"),
    "distil-large-v3-4bit": _distil("distil-large-v3-4-bit"),
    "distil-large-v3-8bit": _distil("distil-large-v3-8-bit"),
}
