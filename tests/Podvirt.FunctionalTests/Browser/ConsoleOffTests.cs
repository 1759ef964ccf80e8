using System.Net;
using System.Net.Http.Json;

namespace Podvirt.FunctionalTests.Browser;

public sealed class ConsoleOffTests
{
    [Fact]
    public async Task ConsoleSwitchedOff_LeavesOnlyTheApi()
    {
        await using var server = await PodvirtProcess.StartAsync(
            Configs.Catalog(Configs.Model("chat")), environment: new Dictionary<string, string> { ["REACT_APP_ENABLE_PODVIRT_INFERENCE"] = "false" });
        foreach (var path in (string[])["", "inference/serverless", "inference/serverless/chat/chat", "index.html", "api/session"])
        {
            using var page = await server.Client.GetAsync(path);
            Assert.Equal(HttpStatusCode.NotFound, page.StatusCode);
        }
        using var signIn = await server.Client.PostAsJsonAsync("api/session", new { token = PodvirtProcess.AdminToken });
        Assert.Equal(HttpStatusCode.NotFound, signIn.StatusCode);
        using var chat = await server.Admin.PostAsJsonAsync(
            "api/answers", new { model = "chat", messages = new[] { new { role = "user", content = "Hello" } } });
        Assert.Equal(HttpStatusCode.NotFound, chat.StatusCode);
        foreach (var path in (string[])["api/session/methods", "api/members", "api/conversations", "api/conversations/retention"])
        {
            using var refused = await server.Admin.GetAsync(path);
            Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
            Assert.Contains("console_off", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
        foreach (var path in (string[])
            ["api/members", "api/session/invites/show", "api/session/invites/accept", "api/session/password", "api/conversations", "api/answers"])
        {
            using var refused = await server.Admin.PostAsJsonAsync(path, new { code = "x", password = "a boat in a bottle" });
            Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
            Assert.Contains("console_off", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
        Assert.DoesNotContain("signin", server.Output, StringComparison.Ordinal);

        using var answer = await server.ChatAsync("chat", stream: false);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        using var models = await server.Admin.GetAsync("api/models");
        Assert.Equal(HttpStatusCode.OK, models.StatusCode);
    }
}
