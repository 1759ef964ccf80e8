using System.Text.Json;
using Podvirt.Configuration;
using Podvirt.Members;
using Podvirt.Members.Oidc;

namespace Podvirt.Tests.Members.Oidc;

public sealed class OidcGrantTests
{
    private static readonly OidcSettings _settings = new()
    {
        Name = "Acme",
        Authority = new Uri("https://id.example.com"),
        ClientId = "c",
        ClientSecretEnv = "S",
        RoleClaim = "realm_access.roles",
        AdminRole = "boss",
        ProjectsClaim = "groups",
    };

    [Theory]
    [InlineData("""{"realm_access":{"roles":["boss"]}}""", "Admin", "")]
    [InlineData("""{"realm_access":{"roles":"boss"},"groups":["a"]}""", "Admin", "a")]
    [InlineData("""{"realm_access.roles":["boss"]}""", "Admin", "")]
    [InlineData("""{"groups":["a","b","a","unknown",7]}""", "Member", "a,b")]
    [InlineData("""{"groups":"b"}""", "Member", "b")]
    public void Claims_GiveRoleAndProjects(string claims, string role, string projects)
    {
        var grant = Of(claims);

        Assert.Equal((role, projects), (grant?.Role.ToString(), string.Join(',', grant?.Projects ?? [])));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"realm_access":{"roles":["Boss","boss "]}}""")]
    [InlineData("""{"realm_access":"boss","roles":["boss"]}""")]
    [InlineData("""{"realm_access":{"roles":{"boss":true}},"groups":{"a":1}}""")]
    [InlineData("""{"groups":["unknown"]}""")]
    [InlineData("""{"groups":"a,b"}""")]
    public void WithoutThem_ThereIsNoGrant(string claims) => Assert.Null(Of(claims));

    [Theory]
    [InlineData("""{"name":" Ada\n","email":"ada@example.com"}""", "Ada", "ada@example.com")]
    [InlineData("""{"preferred_username":"ada"}""", "ada", "")]
    [InlineData("""{"name":"","email":"ada@example.com"}""", "ada@example.com", "ada@example.com")]
    [InlineData("""{"name":7}""", "subject", "")]
    public void Names_AreTheBestThereIs(string claims, string name, string email)
    {
        var grant = Of(claims[..^1] + ",\"groups\":\"a\"}");

        Assert.Equal((name, email), (grant?.Name, grant?.Email));
    }

    private static OidcGrant? Of(string claims) => OidcGrant.Of(new OidcIdentity("i", "subject", JsonElement.Parse(claims)), _settings, ["a", "b"]);
}
