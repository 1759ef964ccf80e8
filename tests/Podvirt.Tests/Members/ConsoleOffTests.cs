using System.Net;

namespace Podvirt.Tests.Members;

public sealed class ConsoleOffTests
{
    [Theory]
    [InlineData("GET", "/api/session")]
    [InlineData("POST", "/api/session")]
    [InlineData("DELETE", "/api/session")]
    [InlineData("GET", "/api/session/methods")]
    [InlineData("POST", "/api/session/codes")]
    [InlineData("POST", "/api/session/password")]
    [InlineData("POST", "/api/session/invites/show")]
    [InlineData("POST", "/api/session/invites/accept")]
    [InlineData("GET", "/api/session/oidc")]
    [InlineData("GET", "/api/session/oidc/callback?state=x&code=y")]
    [InlineData("GET", "/api/members")]
    [InlineData("POST", "/api/members")]
    [InlineData("PATCH", "/api/members/x")]
    [InlineData("POST", "/api/members/x/invite")]
    [InlineData("DELETE", "/api/members/x")]
    public async Task WithTheConsoleOff_NobodySignsIn_AndThereAreNoMembers(string method, string path)
    {
        await using var app = await PodvirtApp.StartAsync(new() { ["REACT_APP_ENABLE_PODVIRT_INFERENCE"] = "false", ["PODVIRT_ADMIN_TOKEN"] = PodvirtApp.AdminToken });
        using var request = new HttpRequestMessage(new HttpMethod(method), path);

        using var response = await app.Client.SendAsync(request);

        Assert.Equal("console_off", await PodvirtApp.RefusalAsync(response, HttpStatusCode.NotFound));
    }
}
