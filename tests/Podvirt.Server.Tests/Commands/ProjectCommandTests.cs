namespace Podvirt.Server.Tests.Commands;

public sealed class ProjectCommandTests : IAsyncLifetime
{
    private FakeServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await FakeServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData("projects create|Acme|--plan|free", "POST /api/projects ", """{"name":"Acme","id":null,"plan":"free"}""")]
    [InlineData("projects rename|acme|Acme Ltd", "PATCH /api/projects/acme ", """{"name":"Acme Ltd"}""")]
    [InlineData("projects plan|acme|free", "PATCH /api/projects/acme ", """{"plan":"free"}""")]
    [InlineData("projects archive|acme", "POST /api/projects/acme/archive ", "{}")]
    [InlineData("projects restore|acme", "POST /api/projects/acme/restore ", "{}")]
    public async Task ProjectCommand_AsksItsRoute_AndShowsTheProject(string line, string call, string body)
    {
        _server.Answer = """{"id":"acme","name":"Acme","plan":"free","archived_at":null}""";
        var run = await _server.RunAsync([.. line.Split('|').SelectMany((part, i) => i == 0 ? part.Split(' ') : [part])]);

        Assert.Equal("Project 'Acme' (acme), plan free.", run.Output.Trim());
        Assert.StartsWith(call, Assert.Single(_server.Calls), StringComparison.Ordinal);
        Assert.EndsWith(body, _server.Calls[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Projects_ShowTheirStatus()
    {
        _server.Answer = """
            {"data":[{"id":"default","name":"Default","plan":"unlimited","archived_at":null},{"id":"old","name":"Old","plan":"free","archived_at":"2026-01-31T10:00:00Z"}]}
            """;
        var lines = (await _server.RunAsync("projects", "list")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.EndsWith("active", lines[1].Trim(), StringComparison.Ordinal);
        Assert.EndsWith("archived", lines[2].Trim(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ProjectUsage_ShowsUsedAndLimit()
    {
        _server.Answer = """
            {"project":"acme","plan":"free","from":"2026-01-01T00:00:00+00:00","to":"2026-02-01T00:00:00+00:00","cost":"0.5",
             "models":[{"model":"m","used":5,"limit":1000,"video_used":0,"video_limit":null,"cost":"0.5"}]}
            """;
        var run = await _server.RunAsync("projects", "usage", "acme");
        Assert.Equal(["m", "5", "1000", "0", "-", "0.5"], run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[1].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("Plan free", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plans_ShowTheirLimits()
    {
        _server.Answer = """
            {"data":[{"id":"free","tokens_per_month":{"default":1000,"models":{"big":5}},"video_seconds_per_month":{"default":null,"models":{}},
             "requests_per_minute":60,"tokens_per_minute":null,"projects":["acme"]}]}
            """;
        var run = await _server.RunAsync("plans");
        Assert.Contains("1000, big 5", run.Output, StringComparison.Ordinal);
        Assert.Contains("acme", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task KeyUpdate_SendsWhatWasSaidAndNothingElse()
    {
        _server.Answer = """{"id":"ab12","name":"ci"}""";
        await _server.RunAsync(
            "keys", "update", "ab12", "--models", "a, b", "--requests-per-minute", "60", "--tokens-per-minute", "none", "--monthly-budget", "0.5", "--expires", "never");
        Assert.StartsWith("PATCH /api/keys/ab12 ", Assert.Single(_server.Calls), StringComparison.Ordinal);
        Assert.EndsWith(
            """{"expires_in":null,"models":["a","b"],"requests_per_minute":60,"tokens_per_minute":null,"monthly_budget":"0.5"}""", _server.Calls[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("keys update ab12")]
    [InlineData("keys update ab12 --requests-per-minute many")]
    public async Task KeyUpdateThatSaysNothing_IsAUsageError(string line)
    {
        Assert.Equal(2, (await _server.RunAsync(line.Split(' '))).Code);
        Assert.Empty(_server.Calls);
    }

    [Fact]
    public async Task KeyRotate_ShowsTheNewSecretOnce()
    {
        _server.Answer = """{"key":{"id":"ab12","name":"ci"},"secret":"pv-new"}""";
        var run = await _server.RunAsync("keys", "rotate", "ab12", "--overlap", "24h");
        Assert.Equal("pv-new", run.Output.Trim());
        Assert.StartsWith("POST /api/keys/ab12/rotate ", Assert.Single(_server.Calls), StringComparison.Ordinal);
        Assert.EndsWith("""{"overlap":"24h"}""", _server.Calls[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task KeyCreate_TakesProjectAndLimits()
    {
        _server.Answer = """{"key":{"id":"ab12","name":"ci"},"secret":"pv-secret"}""";
        await _server.RunAsync("keys", "create", "ci", "--project", "acme", "--models", "all", "--monthly-budget", "25");
        Assert.EndsWith("""{"name":"ci","project":"acme","models":null,"monthly_budget":"25"}""", Assert.Single(_server.Calls), StringComparison.Ordinal);
    }
}
