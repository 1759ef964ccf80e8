namespace Podvirt.Server.Tests.Commands;

public sealed class MemberCommandTests : IAsyncLifetime
{
    private const string Ada = """{"id":"0a1b","name":"Ada","email":"ada@example.com","role":"member","projects":["a","b"],"status":"disabled","oidc":false,"last_sign_in_at":null}""";

    private FakeServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await FakeServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData("members add ada@example.com --name Ada --project a --project b", "POST /api/members ", """{"name":"Ada","email":"ada@example.com","role":"member","projects":["a","b"]}""")]
    [InlineData("members add ada@example.com --role admin", "POST /api/members ", """{"name":"ada@example.com","email":"ada@example.com","role":"admin","projects":[]}""")]
    [InlineData("members invite 0a1b", "POST /api/members/0a1b/invite ", "{}")]
    public async Task ALink_IsTheOnlyOutput(string line, string call, string body)
    {
        _server.Answer = $$"""{"member":{{Ada}},"invite_url":"http://x/inference/serverless#invite=c","invite_expires_at":"2026-01-31T10:00:00Z"}""";
        var run = await _server.RunAsync(line.Split(' '));

        Assert.Equal("http://x/inference/serverless#invite=c", run.Output.Trim());
        Assert.Contains("until 2026-01-31 10:00Z", run.Error, StringComparison.Ordinal);
        Assert.StartsWith(call, Assert.Single(_server.Calls), StringComparison.Ordinal);
        Assert.EndsWith(body, _server.Calls[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("disable", "PATCH /api/members/0a1b ", """{"disabled":true}""", "Member 'Ada' (0a1b) is disabled.")]
    [InlineData("enable", "PATCH /api/members/0a1b ", """{"disabled":false}""", "Member 'Ada' (0a1b) is disabled.")]
    [InlineData("remove", "DELETE /api/members/0a1b ", "", "Member 'Ada' (0a1b) is removed.")]
    public async Task AChange_AsksItsRoute_AndShowsTheMember(string verb, string call, string body, string shown)
    {
        _server.Answer = Ada;
        var run = await _server.RunAsync("members", verb, "0a1b");

        Assert.Equal(shown, run.Output.Trim());
        Assert.StartsWith(call, Assert.Single(_server.Calls), StringComparison.Ordinal);
        Assert.EndsWith(body, _server.Calls[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Members_AreListed()
    {
        _server.Answer = $$"""{"data":[{{Ada}},{"id":"1","name":"Eve","email":"","role":"admin","projects":[],"status":"active","oidc":true,"last_sign_in_at":"2026-01-31T10:00:00Z"}]}""";
        var lines = (await _server.RunAsync("members", "list")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(["0a1b", "Ada", "ada@example.com", "member", "a,b", "disabled", "password", "-"], lines[1].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(["1", "Eve", "-", "admin", "all", "active", "provider", "2026-01-31", "10:00Z"], lines[2].Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }
}
