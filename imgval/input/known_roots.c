/*
 * A root counts by its key: the chain must end in a certificate that has it, or that it signed. So
 * a certificate that merely carries the name of a vendor's root is an unknown one. Where no
 * certificate of a root was ever published, the SHA-1 thumbprint that the vendor's own tools
 * compare with stands for it (finding a second certificate for a given SHA-1 is out of reach).
 */
#include "imgval/input/known_roots.h"

#include "imgval/base/attr.h"
#include "imgval/base/text.h"

static const struct iv_known_root roots[] = {
    /* The phone tools accept images whose chain holds this certificate as signed for production;
     * SHA-1 3B1EFD3A66EA28B16697394703A72CA340A05BD5, published in the vendor's repository of
     * certificates as MicRooCerAut_2010-06-23.crt. */
    {.name = "Microsoft Root Certificate Authority 2010",
     .key = "MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAuQieKOTk7AZOUGizQcV76662jq+BuiJEH2U0"
            "aUy+cEAX8hZ74nn9hu0NOfQbqK2SkB7LPXaPWtm1kRAuPAWNim0kVOcf7Vatg7RQnBWlF3SIWSD8CMWE"
            "dtNo1G8oeM5cuPNQkET/42NfvqGaLJYVBNYH/h6EIeBCMRHEKDaUz1CkYp7J1qtxALJbDOaW1AoklvX/"
            "xtW3G9fLtyFirxLcoV034xr7GkaYwJvA52MfKgiTAn4eao7ynxiJ5CKForGEV0D/9Q7Yb5zt4kUxAc0X"
            "6X+wgUXjqiFAJqFyqqdPPAEFfu6DWLFeBmOZYpF4grcNkwwkarQb2yfsX5UEP5NKMPWXGLOn+RmnkzMd"
            "AcjbIlJc1yXJRvmi+4dZQ76bYrGNLYZEGkaseGF+MAn6ronEQSoiZgOROUWcx4sMqMoNL/tS6gz3YzMj"
            "nf6wH61n1qdQA8YEcGO1LLGGWkO3+675biluISFBJgaMycPusMKFk6G5hdnmMmxLTD/WXaPltZ13w5zA"
            "Vbd0AOO4OKuDl1DhmkIkHcbAozDRGlrIUjT3c/HHGB8zrXrsy0Fg8yOUIMJIRaxcUcYugMLidxW9hYft"
            "Np2Wke4AtaNw7J/jjYBog3a6r11wUiIW4mb7urPFwvc+L3emyt7BpsZITMM3USPTJ9e4TnCW8KFEdq94"
            "z5rhZhMCAwEAAQ==",
     .kind = IV_ROOT_RETAIL},
    /* As the certificate that packages of the Windows 10 kits carry, which these test signatures
     * were made with (installoemcerts.cmd of the kits puts it into the store). */
    {.name = "Windows OEM Root 2017 (TEST ONLY)",
     .key = "MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEA+Ns74/zc66eFCPWdic7zzjsP2ngTXWgrL6aX"
            "fagRHWhcLK5LGQ/AfhnsMNpgeeG59yjqxaz6t56CRwD3AVsb1YES9XpD3K9EF54Xmp1AqMBb1S9BVRRO"
            "NcZaQMfS1iFtRja2eOgxHfaBK8ZKBTVKUDWho3g3eXAuf7PUjkS1GnHlD58NtMJhqRpmTG+I3GLc7xlj"
            "H7Q1SdlTrFZPrSyVAMntzTUauy79Hd76woLkzK6JNtgKpPKHOfGi4dVzXqaHI5YlQOrBhQ4GGcKGeolY"
            "T0/9NyoFtFEL9hIvVach/7W0TGCdYWCoRToBTyjxVF94UQ0yICCwbm/vniSBc7fW2jchxA5nTtRaAAs5"
            "AhC+89LEteIQFEgw4+MEm3BCn3GhyBKKMz66ZkrxshbGkNWYz/wWChjWCaLKryi8Dd/lfIG/DZOjINrk"
            "T/jjqwAQHVLEoASYEez6hy7FdlJnoXkRqm2FcGD4IXaMESDOb7d4we0NoqPcPCSx83FjDBdO+Ap+2jMb"
            "NaGah8qp3MDcGIm69aGxF4mejE1w/9wzOs94oro3vASn03ZmBxixbdaf5Y0PUVaA6xanLk1PAjPRMsVh"
            "z8svwK3ocIrQorUBhNuZX4IYz0mDA2e9fjoQpykZgQ13EBurQuVKAh1F/ASPLCw6WaRC4/DpnqM2lTeh"
            "qp2dp7kCAwEAAQ==",
     .kind = IV_ROOT_TEST},
    /* The phone tools' "test root" and their two "flight" certificates, which sign what is not
     * released: known by thumbprint alone. */
    {.name = "Microsoft Testing Root Certificate Authority 2010",
     .thumbprint = "8A334AA8052DD244A647306A76B8178FA215F344",
     .kind = IV_ROOT_TEST},
    {.name = "Microsoft flight signing (PCA)",
     .thumbprint = "9E594333273339A97051B0F82E86F266B917EDB3",
     .kind = IV_ROOT_TEST},
    {.name = "Microsoft flight signing (Windows)",
     .thumbprint = "5F444A6740B7CA2434C7A5925222C2339EE0F1B7",
     .kind = IV_ROOT_TEST},
};

const struct iv_known_root *iv_known_roots(size_t *ret_count)
{
    *ret_count = IV_COUNT(roots);
    return roots;
}

enum iv_root iv_known_roots_judge(const struct iv_signed *signed_by)
{
    if (signed_by->signer_count == 0 || signed_by->why != NULL) {
        return IV_ROOT_NONE;
    }
    switch (signed_by->end) {
    case IV_CHAIN_KNOWN:
        return (enum iv_root)signed_by->root->kind;
    case IV_CHAIN_TRUSTED:
        return IV_ROOT_TRUSTED;
    case IV_CHAIN_UNKNOWN:
        break;
    }
    /* The kits have made a root of this form for each release. Who says so of himself may be
     * believed: it can only cost trust. */
    return iv_ascii_ifind(signed_by->end_name == NULL ? "" : signed_by->end_name, "(TEST ONLY)") !=
                   NULL
               ? IV_ROOT_TEST
               : IV_ROOT_UNKNOWN;
}
