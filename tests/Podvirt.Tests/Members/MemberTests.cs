using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Podvirt.Chats;

namespace Podvirt.Tests.Members;

public sealed class MemberTests : IAsyncLifetime
{
    private const string Ada = "ada@example.com";

    private PodvirtApp _app = null!;

    public async ValueTask InitializeAsync() => _app = await PodvirtApp.StartAsync();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Fact]
    public async Task AnInvitedMember_SetsAPassword_AndSignsInWithIt()
    {
        var invited = await InviteAsync("POST", "/api/members", new { name = "Ada", email = " Ada@Example.com ", role = "member", projects = new[] { "default" } });
        var member = invited.GetProperty("member");
        Assert.Equal((Ada, "invited"), (member.GetProperty("email").GetString(), member.GetProperty("status").GetString()));
        Assert.Contains("/inference/serverless#invite=", invited.GetProperty("invite_url").GetString(), StringComparison.Ordinal);
        var code = Browser.CodeOf(invited);
        var browser = new Browser(_app);

        using var shown = await browser.SendAsync("POST", "/api/session/invites/show", new { code });
        var show = await shown.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(("Ada", Ada), (show.GetProperty("name").GetString(), show.GetProperty("email").GetString()));
        Assert.Equal("invalid_password", await browser.RefusedAsync("POST", "/api/session/invites/accept", HttpStatusCode.BadRequest, new { code, password = "short" }));
        using var accepted = await browser.SendAsync("POST", "/api/session/invites/accept", new { code, password = Browser.MemberPassword });
        Assert.Equal(HttpStatusCode.NoContent, accepted.StatusCode);

        foreach (var signedIn in new[] { browser, await Browser.SignInAsync(_app, new { email = "ADA@example.com", password = Browser.MemberPassword }) })
        {
            var session = await signedIn.GetAsync("/api/session");
            Assert.Equal(("member", "password"), (session.GetProperty("role").GetString(), session.GetProperty("sign_in").GetString()));
            Assert.Equal("Ada", session.GetProperty("member").GetProperty("name").GetString());
            Assert.Equal("default", Assert.Single(session.GetProperty("projects").EnumerateArray()).GetProperty("id").GetString());
        }
        var listed = Assert.Single((await _app.GetAsync("/api/members")).GetProperty("data").EnumerateArray());
        Assert.Equal("active", listed.GetProperty("status").GetString());
        Assert.Equal(JsonValueKind.String, listed.GetProperty("last_sign_in_at").ValueKind);
        Assert.Equal(JsonValueKind.Null, listed.GetProperty("invite_expires_at").ValueKind);
    }

    [Fact]
    public async Task AnInvite_WorksOnce_AndANewOneReplacesIt()
    {
        var first = await InviteAsync("POST", "/api/members", new { name = "Ada", email = Ada });
        var path = $"/api/members/{first.GetProperty("member").GetProperty("id").GetString()}/invite";
        var second = Browser.CodeOf(await InviteAsync("POST", path));
        var browser = new Browser(_app);

        Assert.Equal("invite_not_found", await AcceptRefusedAsync(browser, Browser.CodeOf(first)));
        using var accepted = await browser.SendAsync("POST", "/api/session/invites/accept", new { code = second, password = Browser.MemberPassword });
        Assert.Equal(HttpStatusCode.NoContent, accepted.StatusCode);
        Assert.Equal("invite_not_found", await AcceptRefusedAsync(new Browser(_app), second));
        Assert.Equal("invite_not_found", await AcceptRefusedAsync(new Browser(_app), second + "x"));
        Assert.Equal("invite_not_found", await AcceptRefusedAsync(new Browser(_app), "made up"));

        await InviteAsync("POST", path);

        Assert.Equal("not_signed_in", await browser.RefusedAsync("GET", "/api/session", HttpStatusCode.Unauthorized));
        Assert.Equal("wrong_password", await SignInRefusedAsync(Ada, Browser.MemberPassword, HttpStatusCode.Unauthorized));
    }

    [Fact]
    public async Task SessionsAndInvites_SurviveARestart()
    {
        var (browser, id) = await Browser.InviteAsync(_app, Ada, "member", "default");
        var admins = await Browser.SignInAsync(_app, new { token = PodvirtApp.AdminToken });
        var invited = await InviteAsync("POST", "/api/members", new { name = "Grace", email = "grace@example.com" });

        _app = await _app.RestartAsync();

        Assert.Equal(id, (await browser.In(_app).GetAsync("/api/session")).GetProperty("member").GetProperty("id").GetString());
        Assert.Equal("admin", (await admins.In(_app).GetAsync("/api/session")).GetProperty("role").GetString());
        using var accepted = await new Browser(_app).SendAsync(
            "POST", "/api/session/invites/accept", new { code = Browser.CodeOf(invited), password = Browser.MemberPassword });
        Assert.Equal(HttpStatusCode.NoContent, accepted.StatusCode);
    }

    [Fact]
    public async Task AnUnknownAddressAndAWrongPassword_AreRefusedAlike()
    {
        await Browser.InviteAsync(_app, Ada, "member", "default");

        using var wrong = await _app.Stranger.PostAsJsonAsync("/api/session", new { email = Ada, password = "not the password" });
        using var unknown = await _app.Stranger.PostAsJsonAsync("/api/session", new { email = "nobody@example.com", password = "not the password" });

        Assert.Equal(HttpStatusCode.Unauthorized, wrong.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, unknown.StatusCode);
        Assert.Equal(await wrong.Content.ReadAsStringAsync(), await unknown.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task ADisabledMember_IsOutAtOnce_AndInAgainAfterANewSignIn()
    {
        var (browser, id) = await Browser.InviteAsync(_app, Ada, "member", "default");

        await ChangeAsync(id, new { disabled = true });

        Assert.Equal("admin_required", await browser.RefusedAsync("GET", "/api/models", HttpStatusCode.Unauthorized));
        Assert.Equal("member_disabled", await SignInRefusedAsync(Ada, Browser.MemberPassword, HttpStatusCode.Forbidden));
        Assert.Equal("wrong_password", await SignInRefusedAsync(Ada, "not the password", HttpStatusCode.Unauthorized));

        await ChangeAsync(id, new { disabled = false });

        Assert.Equal("not_signed_in", await browser.RefusedAsync("GET", "/api/session", HttpStatusCode.Unauthorized));
        await Browser.SignInAsync(_app, new { email = Ada, password = Browser.MemberPassword });
    }

    [Fact]
    public async Task ARemovedMember_IsOutAtOnce()
    {
        var (browser, id) = await Browser.InviteAsync(_app, Ada, "admin");
        using var removed = await _app.Client.DeleteAsync($"/api/members/{id}");
        Assert.Equal(HttpStatusCode.OK, removed.StatusCode);

        Assert.Equal("not_signed_in", await browser.RefusedAsync("GET", "/api/session", HttpStatusCode.Unauthorized));
        Assert.Equal("wrong_password", await SignInRefusedAsync(Ada, Browser.MemberPassword, HttpStatusCode.Unauthorized));
        using var again = await _app.Client.DeleteAsync($"/api/members/{id}");
        Assert.Equal("member_not_found", await PodvirtApp.RefusalAsync(again, HttpStatusCode.NotFound));
    }

    [Fact]
    public async Task ARemovedMembersConversations_AreGone()
    {
        var (browser, id) = await Browser.InviteAsync(_app, Ada, "member", "default");
        using var begun = await browser.SendAsync("POST", "/api/conversations", new { model = "qwen/q3", project = "default" });
        Assert.Equal(HttpStatusCode.Created, begun.StatusCode);
        var store = _app.Services.GetRequiredService<IConversationStore>();
        var all = new ConversationQuery(id, ["default"], Model: null, Search: null, Limit: 10, Before: null);
        Assert.Single((await store.ListAsync(all, CancellationToken.None)).Conversations);

        using var removed = await _app.Client.DeleteAsync($"/api/members/{id}");

        Assert.Empty((await store.ListAsync(all, CancellationToken.None)).Conversations);
    }

    [Fact]
    public async Task ANewPassword_EndsTheOtherSessions()
    {
        var (browser, _) = await Browser.InviteAsync(_app, Ada, "member", "default");
        var other = await Browser.SignInAsync(_app, new { email = Ada, password = Browser.MemberPassword });

        Assert.Equal("wrong_password", await browser.RefusedAsync(
            "POST", "/api/session/password", HttpStatusCode.Forbidden, new { current = "not the password", password = "another long password" }));
        using var changed = await browser.SendAsync("POST", "/api/session/password", new { current = Browser.MemberPassword, password = "another long password" });
        Assert.Equal(HttpStatusCode.NoContent, changed.StatusCode);

        await browser.GetAsync("/api/session");
        Assert.Equal("not_signed_in", await other.RefusedAsync("GET", "/api/session", HttpStatusCode.Unauthorized));
        Assert.Equal("wrong_password", await SignInRefusedAsync(Ada, Browser.MemberPassword, HttpStatusCode.Unauthorized));
        await Browser.SignInAsync(_app, new { email = Ada, password = "another long password" });
    }

    [Fact]
    public async Task TheTokensHolder_HasNoPasswordToChange()
    {
        var browser = await Browser.SignInAsync(_app, new { token = PodvirtApp.AdminToken });

        Assert.Equal("no_password", await browser.RefusedAsync(
            "POST", "/api/session/password", HttpStatusCode.Conflict, new { current = "x", password = "another long password" }));
        Assert.Equal("token", (await browser.GetAsync("/api/session")).GetProperty("sign_in").GetString());
    }

    [Fact]
    public async Task RoleAndProjects_ChangeAtOnce()
    {
        await AddProjectAsync("other");
        var (browser, id) = await Browser.InviteAsync(_app, Ada, "member", "default");
        Assert.Equal("admin_only", await browser.RefusedAsync("GET", "/api/members", HttpStatusCode.Forbidden));

        await ChangeAsync(id, new { projects = new[] { "other" } });
        Assert.Equal("other", Assert.Single((await browser.GetAsync("/api/session")).GetProperty("projects").EnumerateArray()).GetProperty("id").GetString());
        await ChangeAsync(id, new { role = "admin" });

        Assert.Single((await browser.GetAsync("/api/members")).GetProperty("data").EnumerateArray());
        Assert.Equal(2, (await browser.GetAsync("/api/session")).GetProperty("projects").GetArrayLength());
    }

    [Fact]
    public async Task ManyFailures_MakeTheCallerWait()
    {
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal("invite_not_found", await AcceptRefusedAsync(new Browser(_app), "made up"));
        }

        using var response = await _app.Stranger.PostAsJsonAsync("/api/session", new { email = Ada, password = Browser.MemberPassword });

        Assert.Equal("too_many_attempts", await PodvirtApp.RefusalAsync(response, HttpStatusCode.TooManyRequests));
        Assert.InRange(response.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
    }

    [Theory]
    [InlineData("""{"name":"Ada","email":"no address"}""", HttpStatusCode.BadRequest, "invalid_email")]
    [InlineData("""{"name":"Ada","email":"a@b@c"}""", HttpStatusCode.BadRequest, "invalid_email")]
    [InlineData("""{"name":" ","email":"ada@example.com"}""", HttpStatusCode.BadRequest, "invalid_name")]
    [InlineData("""{"name":"Ada","email":"ada@example.com","role":"boss"}""", HttpStatusCode.BadRequest, "invalid_role")]
    [InlineData("""{"name":"Ada","email":"ada@example.com","projects":["nowhere"]}""", HttpStatusCode.NotFound, "project_not_found")]
    [InlineData("""{"name":"Ada","email":"taken@example.com"}""", HttpStatusCode.Conflict, "member_exists")]
    public async Task AMemberThatCannotBe_IsRefused(string body, HttpStatusCode status, string code)
    {
        await InviteAsync("POST", "/api/members", new { name = "Taken", email = "taken@example.com" });

        using var response = await _app.Client.PostAsync("/api/members", new StringContent(body));

        Assert.Equal(code, await PodvirtApp.RefusalAsync(response, status));
    }

    [Theory]
    [InlineData("""{"email":"new@example.com"}""", "unknown_member")]
    [InlineData("[]", "invalid_json")]
    [InlineData("""{"role":"boss"}""", "invalid_role")]
    public async Task AChangeThatCannotBe_IsRefused(string body, string code)
    {
        var (_, id) = await Browser.InviteAsync(_app, Ada, "member", "default");

        using var response = await _app.Client.PatchAsync($"/api/members/{id}", new StringContent(body));

        Assert.Equal(code, await PodvirtApp.RefusalAsync(response, HttpStatusCode.BadRequest));
    }

    [Fact]
    public async Task AnotherSitesForm_SignsNobodyIn()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/session") { Content = JsonContent.Create(new { token = PodvirtApp.AdminToken }) };
        request.Headers.Add("Origin", "https://evil.example.com");

        using var response = await _app.Stranger.SendAsync(request);

        Assert.Equal("console_header_missing", await PodvirtApp.RefusalAsync(response, HttpStatusCode.Forbidden));
    }

    private async Task<string?> AcceptRefusedAsync(Browser browser, string code) =>
        await browser.RefusedAsync("POST", "/api/session/invites/accept", HttpStatusCode.NotFound, new { code, password = Browser.MemberPassword });

    private async Task<string?> SignInRefusedAsync(string email, string password, HttpStatusCode status)
    {
        using var response = await _app.Stranger.PostAsJsonAsync("/api/session", new { email, password });
        return await PodvirtApp.RefusalAsync(response, status);
    }

    private async Task ChangeAsync(string id, object change)
    {
        using var response = await _app.Client.PatchAsJsonAsync($"/api/members/{id}", change);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private async Task AddProjectAsync(string name)
    {
        using var response = await _app.Client.PostAsJsonAsync("/api/projects", new { name });
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
    }

    private async Task<JsonElement> InviteAsync(string method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = body is null ? null : JsonContent.Create(body) };
        using var response = await _app.Client.SendAsync(request);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }
}
