using Podvirt.Configuration;

namespace Podvirt.Tests.Configuration;

public sealed class OidcReaderTests
{
    private const string Good = "name: Acme, authority: \"https://id.example.com/realms/acme\", client_id: podvirt, client_secret_env: OIDC_SECRET";

    [Fact]
    public void WithoutMore_TheDefaultsHold()
    {
        var oidc = Assert.IsType<OidcSettings>(Read(Good).Console.Oidc);

        Assert.Equal(("Acme", "https://id.example.com/realms/acme", "podvirt", "OIDC_SECRET"), (oidc.Name, oidc.Authority.AbsoluteUri, oidc.ClientId, oidc.ClientSecretEnv));
        Assert.Equal(("roles", "podvirt-admin", "podvirt_projects", "openid profile email"), (oidc.RoleClaim, oidc.AdminRole, oidc.ProjectsClaim, string.Join(' ', oidc.Scopes)));
    }

    [Fact]
    public void Everything_IsRead()
    {
        var oidc = Assert.IsType<OidcSettings>(
            Read(Good + ", scopes: [openid, groups], role_claim: realm_access.roles, admin_role: boss, projects_claim: groups").Console.Oidc);

        Assert.Equal(("realm_access.roles", "boss", "groups", "openid groups"), (oidc.RoleClaim, oidc.AdminRole, oidc.ProjectsClaim, string.Join(' ', oidc.Scopes)));
    }

    [Theory]
    [InlineData("name: Acme", "podvirt.yaml:6: console.oidc.authority: is missing")]
    [InlineData(Good + ", admin_rol: x", "podvirt.yaml:6: console.oidc.admin_rol: is not a key that exists; did you mean 'admin_role'?")]
    [InlineData(Good + ", scopes: [profile]", "podvirt.yaml:6: console.oidc.scopes: lack 'openid'")]
    [InlineData("name: A, authority: \"http://id.example.com\", client_id: p, client_secret_env: OIDC_SECRET", "console.oidc.authority: 'http://id.example.com' is not the address of a provider")]
    [InlineData("name: A, authority: id.example.com, client_id: p, client_secret_env: OIDC_SECRET", "console.oidc.authority: 'id.example.com' is not the address of a provider")]
    [InlineData("name: A, authority: \"https://id.example.com\", client_id: p, client_secret_env: UNSET", "console.oidc.client_secret_env: the environment variable UNSET is not set; set UNSET before Podvirt starts")]
    public void WhatIsWrong_IsSaidWithItsLine(string oidc, string error) =>
        Assert.Contains(error, Assert.Throws<PodvirtConfigException>(() => Read(oidc)).Message, StringComparison.Ordinal);

    [Fact]
    public void ASecretInThePlaceOfItsVariable_IsNotRepeated()
    {
        var error = Assert.Throws<PodvirtConfigException>(() => Read("name: A, authority: \"https://id.example.com\", client_id: p, client_secret_env: \"s3cr3t~value\""));

        Assert.Contains("client_secret_env: does not look like the name", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cr3t", error.Message, StringComparison.Ordinal);
    }

    private static PodvirtConfig Read(string oidc) => ConfigReader.Read(
        $$"""
        models:
          - id: m
            type: chat
            engine: { kind: external, url: "http://127.0.0.1:1" }
        console:
          oidc: { {{oidc}} }
        """,
        "podvirt.yaml",
        name => name == "OIDC_SECRET" ? "secret" : null);
}
