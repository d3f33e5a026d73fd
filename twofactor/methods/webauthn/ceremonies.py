"""Every check of WebAuthn Level 3 §7.1 and §7.2: those of py_webauthn, and those that it leaves to its caller."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import decode_credential_public_key, encode_cbor, parse_attestation_object, parse_cbor
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.decoded_public_key_to_cryptography import decoded_public_key_to_cryptography
from webauthn.helpers.structs import (
    AttestationFormat,
    AuthenticationCredential,
    AuthenticatorAssertionResponse,
    AuthenticatorAttestationResponse,
    CredentialDeviceType,
    RegistrationCredential,
)

from twofactor.methods.webauthn import cbor
from twofactor.methods.webauthn.credentials import from_base64url
from twofactor.methods.webauthn.problems import Problem, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from twofactor.methods.webauthn.answers import Assertion
    from twofactor.methods.webauthn.credentials import ClientData, NewCredential, SignedCredential
    from twofactor.methods.webauthn.models import WebAuthnDevice

Found = TypeVar("Found")

ES256, EDDSA, ES512, RS256 = -7, -8, -36, -257
ALGORITHMS = (ES256, EDDSA, ES512, RS256)
# Algorithm, kind of key, curve: an algorithm goes with one curve only (§5.8.5), which py_webauthn does not look at.
KINDS = {(ES256, 2, 1), (EDDSA, 1, 6), (ES512, 2, 3), (RS256, 3, None)}
LEAST_RSA_BYTES = 256
# We ask for none; packed is what a key may say of itself all the same. What nobody asked for needs no reader, and is no
# reason to refuse a key: some answer in the old way of U2F whatever they are asked.
FORMATS = (AttestationFormat.NONE, AttestationFormat.PACKED)


@dataclass(frozen=True)
class NewKey:
    """What a key that was added tells of itself."""

    public_key: bytes
    sign_count: int
    aaguid: UUID
    verified_user: bool
    backup_eligible: bool
    backed_up: bool


@dataclass(frozen=True)
class Told:
    """What a key tells with each answer."""

    sign_count: int
    verified_user: bool
    backed_up: bool


def check_new(new: NewCredential) -> NewKey:
    """The key that answers, if all is right (§7.1). The caller has claimed the challenge. Raises Refused."""
    _require_top_page(new.client_data)
    attestation = _verdict(lambda: _as_asked_for(new.attestation_object))
    _require_known_kind(attestation)
    response = AuthenticatorAttestationResponse(client_data_json=new.client_data.raw, attestation_object=attestation)
    credential = RegistrationCredential(id=new.id, raw_id=from_base64url(new.id), response=response)
    algorithms = [COSEAlgorithmIdentifier(number) for number in ALGORITHMS]
    check = partial(verify_registration_response, supported_pub_key_algs=algorithms)
    found = _verdict(lambda: check(credential=credential, **_expected(new.client_data)))
    if found.credential_id != credential.raw_id:
        raise Refused(Problem.WRONG)
    return NewKey(
        public_key=found.credential_public_key,
        sign_count=found.sign_count,
        aaguid=UUID(found.aaguid),
        verified_user=found.user_verified,
        backup_eligible=found.credential_device_type == CredentialDeviceType.MULTI_DEVICE,
        backed_up=found.credential_backed_up,
    )


def check_assertion(answer: Assertion, device: WebAuthnDevice) -> Told:
    """What the key tells, if the answer is its own and all is right but for its counter (§7.2). Raises Refused.

    Whoever calls it has found the device by the credential's id, among those that may answer.
    """
    signed, is_alone = answer.credential, answer.question.user is None
    if not answer.is_in_time:
        raise Refused(Problem.OVER)
    _require_top_page(signed.client_data)
    # A key that signs in alone must say whose it is; any other may, and must not be wrong about it.
    if signed.user_handle != device.user_handle and (is_alone or signed.user_handle is not None):
        raise Refused(Problem.WRONG)
    _verdict(lambda: cbor.require_data(signed.authenticator_data))
    found = _verdict(
        lambda: verify_authentication_response(
            credential=_as_library_wants(signed),
            credential_public_key=bytes(device.public_key),
            credential_current_sign_count=0,  # judged by the device, once it is sure that the key itself said so
            **_expected(signed.client_data),
        )
    )
    if is_alone and not found.user_verified:
        raise Refused(Problem.NOT_VERIFIED)
    if (found.credential_device_type == CredentialDeviceType.MULTI_DEVICE) != device.backup_eligible:
        raise Refused(Problem.WRONG)
    return Told(found.new_sign_count, found.user_verified, found.credential_backed_up)


def origins() -> list[str]:
    """Where our pages are."""
    site = urlsplit(settings.SITE_URL)
    return [f"{site.scheme}://{site.netloc}", *settings.PASSKEY_RELATED_ORIGINS]


def _expected(client_data: ClientData) -> dict[str, Any]:
    return {
        "expected_challenge": from_base64url(client_data.challenge),  # claimed: so it is one of ours
        "expected_rp_id": settings.PASSKEY_RP_ID,
        "expected_origin": origins(),
    }


def _require_top_page(client_data: ClientData) -> None:
    """No page of ours stands in another's frame: whoever asks from within one is not us."""
    if client_data.is_embedded:
        raise Refused(Problem.WRONG)


def _as_asked_for(attestation: bytes) -> bytes:
    """What the key says of itself, without a statement in a format that nobody asked for."""
    cbor.require_one(attestation)
    told = parse_cbor(attestation)
    cbor.require_data(told["authData"])
    if not isinstance(told["fmt"], str) or not isinstance(told["attStmt"], dict):
        raise TypeError("no attestation")
    if told["fmt"] in FORMATS:
        return attestation
    return encode_cbor({"fmt": AttestationFormat.NONE.value, "attStmt": {}, "authData": told["authData"]})


def _require_known_kind(attestation: bytes) -> None:
    """An algorithm that we can check, and a public key that is one."""
    told = _verdict(lambda: parse_attestation_object(attestation))
    if told.auth_data.attested_credential_data is None:
        raise Refused(Problem.UNSUPPORTED)
    public_key = told.auth_data.attested_credential_data.credential_public_key
    fields = _verdict(lambda: dict(parse_cbor(public_key)))
    kind = (fields.get(3), fields.get(1), None if fields.get(3) == RS256 else fields.get(-1))
    is_short = kind[0] == RS256 and len(_verdict(lambda: bytes(fields[-1]).lstrip(b"\0"))) < LEAST_RSA_BYTES
    if kind not in KINDS or is_short:
        raise Refused(Problem.UNSUPPORTED)
    _verdict(lambda: decoded_public_key_to_cryptography(decode_credential_public_key(public_key)))


def _as_library_wants(signed: SignedCredential) -> AuthenticationCredential:
    response = AuthenticatorAssertionResponse(
        client_data_json=signed.client_data.raw,
        authenticator_data=signed.authenticator_data,
        signature=signed.signature,
    )
    return AuthenticationCredential(id=signed.id, raw_id=from_base64url(signed.id), response=response)


def _verdict(check: Callable[[], Found]) -> Found:
    """What the library finds. It raises many kinds of exceptions for what a stranger may send: each is a refusal."""
    try:
        return check()
    except Exception as error:
        raise Refused(Problem.WRONG) from error
