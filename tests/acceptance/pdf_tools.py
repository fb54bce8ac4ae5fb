# Signs PDFs, checks their signatures and writes notes into them, with pyHanko: code that is not ours.
import datetime, json, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko.keys import load_cert_from_pemder

asked = json.load(sys.stdin)
folder = asked["folder"]

def certificate():
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Station")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.KeyUsage(True, True, False, False, False, False, False, False, False), critical=True)
        .sign(key, hashes.SHA256()))
    pem = serialization.Encoding.PEM
    with open(folder + "/key.pem", "wb") as file:
        file.write(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    with open(folder + "/cert.pem", "wb") as file:
        file.write(made.public_bytes(pem))

def sign():
    certificate()
    signer = signers.SimpleSigner.load(folder + "/key.pem", folder + "/cert.pem")
    about = signers.PdfSignatureMetadata(field_name="Unterschrift", name="Dr. Meyer", location="Zimmer 4")
    with open(asked["from"], "rb") as source, open(asked["to"], "wb") as target:
        signers.sign_pdf(IncrementalPdfFileWriter(source), about, signer=signer, output=target)
    return "signed"

def check():
    root = load_cert_from_pemder(folder + "/cert.pem")
    with open(asked["from"], "rb") as source:
        signature = PdfFileReader(source).embedded_signatures[0]
        status = validate_pdf_signature(signature, ValidationContext(trust_roots=[root]))
        return "valid" if status.intact and status.valid and status.trusted else status.summary()

def comment():
    with open(asked["from"], "rb") as source, open(asked["to"], "wb") as target:
        writer = IncrementalPdfFileWriter(source)
        reference = writer.find_page_for_modification(0)[0]
        page = reference.get_object()
        box = generic.ArrayObject([generic.NumberObject(n) for n in (40, 40, 60, 60)])
        note = generic.DictionaryObject({
            pdf_name("/Type"): pdf_name("/Annot"), pdf_name("/Subtype"): pdf_name("/Text"), pdf_name("/Rect"): box,
            pdf_name("/T"): pdf_string("Dr. Meyer"), pdf_name("/M"): pdf_string("D:20261127080000"),
            pdf_name("/Contents"): pdf_string("Bitte kontrollieren"),
        })
        page[pdf_name("/Annots")] = generic.ArrayObject([writer.add_object(note)])
        writer.update_container(page)
        writer.write(target)
    return "written"

print(json.dumps({"sign": sign, "check": check, "comment": comment}[asked["do"]]()))
