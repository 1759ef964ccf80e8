namespace Podvirt.Server.Tests.Commands;

public sealed class FleetCommandTests : IAsyncLifetime
{
    private const string Gpus = """
        {"data":[{"id":"SIM-0","type":"H100","node":"local","status":"draining","memory_bytes":85899345920,"reserved_bytes":42949672960,
         "sleeping_bytes":1073741824,"free_bytes":41875931136,"replicas":[{"id":"r1","model":"org/m","state":"active","memory_bytes":42949672960}]}]}
        """;

    private FakeServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await FakeServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData("POST /api/models/org/a%20b/wake", "wake", "org/a b")]
    [InlineData("POST /api/models/m/sleep", "sleep", "m")]
    [InlineData("POST /api/models/m/stop", "stop", "m")]
    [InlineData("POST /api/models/m/pin", "pin", "m")]
    [InlineData("POST /api/models/m/unpin", "unpin", "m")]
    [InlineData("POST /api/gpus/SIM-0/drain", "gpus", "drain", "SIM-0")]
    [InlineData("POST /api/gpus/SIM-0/undrain", "gpus", "undrain", "SIM-0")]
    public async Task Action_IsPosted_AndItsAnswerPrinted(string call, params string[] args)
    {
        _server.Answer = """{"message":"It warms up."}""";

        var run = await _server.RunAsync(args);

        Assert.Equal((0, "It warms up.\n"), (run.Code, run.Output.ReplaceLineEndings("\n")));
        Assert.StartsWith(call + " Bearer", Assert.Single(_server.Calls), StringComparison.Ordinal);
    }

    [Fact]
    public async Task RefusedAction_PrintsTheReason_AndFails()
    {
        (_server.Status, _server.Answer) = (409, """{"error":{"message":"'m' stays Active: it is pinned; unpin it first.","type":"","param":"id","code":"model_kept"}}""");

        var run = await _server.RunAsync("stop", "m");

        Assert.Equal((1, "'m' stays Active: it is pinned; unpin it first.\n"), (run.Code, run.Error.ReplaceLineEndings("\n")));
    }

    [Fact]
    public async Task Gpus_ShowTheLedger()
    {
        _server.Answer = Gpus;

        var run = await _server.RunAsync("gpus");

        Assert.Equal(
            ["SIM-0", "H100", "local", "draining", "80GiB", "40GiB", "1GiB", "39GiB", "org/m", "(active)"],
            run.Output.Split('\n')[1].Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Replicas_AndTransitions_AreTables_TheNewestTransitionLast()
    {
        _server.Answer = """
            {"data":[{"id":"r1","model":"m","revision":2,"state":"starting","phase":"weights","since":"2026-01-31T10:00:00Z","gpus":["SIM-0"],
             "memory_bytes":1073741824,"host_memory_bytes":17179869184,"in_flight":0,"cause":"demand","reason":"1 waiting"}]}
            """;
        var replicas = (await _server.RunAsync("replicas", "--model", "org/m")).Output;
        Assert.Contains("starting (weights)", replicas, StringComparison.Ordinal);
        Assert.Contains("16GiB", replicas, StringComparison.Ordinal);
        Assert.StartsWith("GET /api/replicas?model=org%2Fm ", _server.Calls[^1], StringComparison.Ordinal);

        _server.Answer = """
            {"data":[{"at":"2026-01-31T10:00:01Z","model":"m","replica":"r1","from":"stopping","to":null,"took_ms":12,"cause":"idle","reason":"newer"},
             {"at":"2026-01-31T10:00:00Z","model":"m","replica":"r1","from":null,"to":"placing","took_ms":0,"cause":"demand","reason":"older"}]}
            """;
        var lines = (await _server.RunAsync("transitions", "--limit", "2")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains("older", lines[1], StringComparison.Ordinal);
        Assert.Contains("gone", lines[2], StringComparison.Ordinal);
        Assert.StartsWith("GET /api/transitions?limit=2 ", _server.Calls[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Top_WithoutATerminal_IsOnePicture()
    {
        _server.Answers["/api/gpus"] = Gpus;
        _server.Answers["/api/models"] = """
            {"data":[{"id":"org/m","status":"Warming Up","warm_up":{"phase":"weights"},"replicas":{"active":0,"max":2},"in_flight":3,"waiting":4,
             "requests_total":9,"startup_duration_ms":null}]}
            """;

        var run = await _server.RunAsync("top");

        Assert.Equal(0, run.Code);
        Assert.Contains("1 models: 1 Warming Up; 3 in flight, 4 waiting", run.Output, StringComparison.Ordinal);
        Assert.Contains(new string('█', 16) + "▒" + new string('·', 15), run.Output, StringComparison.Ordinal);
        Assert.Contains("Warming Up: weights", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LogsFollow_CopiesWhatComes()
    {
        _server.Answer = "one\ntwo\n";

        var run = await _server.RunAsync("logs", "org/m", "--follow", "--lines", "5");

        Assert.Equal("one\ntwo\n", run.Output);
        Assert.StartsWith("GET /api/logs/org/m?lines=5&follow=true ", Assert.Single(_server.Calls), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_SendsTheFile_AndShowsTheDifference()
    {
        var file = Path.Combine(_server.Folder, "my models.yaml");
        await File.WriteAllTextAsync(file, "models: []\n");
        _server.Answer = """
            {"dry_run":true,"revision":4,"added":["new"],"changed":[{"id":"m","revision":3,"fields":[{"field":"gpu.memory_bytes","from":"1","to":"2"}]}],
             "repriced":[],"removed":["old"],
             "plans":{"revision":2,"added":["free"],"changed":[{"id":"team","fields":[{"field":"tokens_per_month.default","from":"1","to":null}]}],"removed":["gone"]},
             "warnings":["gpus: the change takes effect when the server is started again"]}
            """;

        var run = await _server.RunAsync("apply", "-f", file, "--dry-run");

        Assert.Equal(
            ["+ new", "~ m (revision 3)", "    gpu.memory_bytes: 1 -> 2", "- old",
                "+ plan free", "~ plan team", "    tokens_per_month.default: 1 -> -", "- plan gone", "Nothing was applied: this was a dry run."],
            run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.TrimEnd('\r')));
        Assert.Contains("gpus: the change takes effect", run.Error, StringComparison.Ordinal);
        Assert.StartsWith("POST /api/catalog?dry_run=true&name=my%20models.yaml ", _server.Calls[^1], StringComparison.Ordinal);
        Assert.EndsWith("models: []", _server.Calls[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task ApplyOfAMissingFile_IsAUsageError() => Assert.Equal(2, (await _server.RunAsync("apply", "-f", "nowhere.yaml")).Code);
}
