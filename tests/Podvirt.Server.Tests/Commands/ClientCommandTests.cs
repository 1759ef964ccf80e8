namespace Podvirt.Server.Tests.Commands;

public sealed class ClientCommandTests : IAsyncLifetime
{
    private const string Models = """
        {"object":"list","data":[
        {"id":"qwen/q3","type":"chat","status":"Warming Up","reason":null,"gpu":{"count":2,"type":"H100","memory_bytes":21474836480},
         "replicas":{"min":0,"max":2,"concurrency":64,"active":1},"requests_total":12,"startup_duration_ms":3200},
        {"id":"[bold]bge","type":"embedding","status":"Failed","reason":"out of memory","gpu":{"count":0,"type":null,"memory_bytes":0},
         "replicas":{"min":0,"max":1,"concurrency":64,"active":0},"requests_total":0,"startup_duration_ms":null,
         "failure":{"code":"model_start_failed","reason":"out of memory","retry_at":"2026-01-31T10:00:00Z","log_tail":["Traceback","CUDA out of memory"]}}]}
        """;

    private FakeServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await FakeServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Models_AreATable_AndFailuresStandBesideIt()
    {
        _server.Answer = Models;

        var run = await _server.RunAsync("models");

        Assert.Equal(0, run.Code);
        var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["MODEL", "TYPE", "STATUS", "GPU", "TYPE", "MEMORY", "REQUESTS", "REPLICAS", "STARTUP_DURATION_MS"], Words(lines[0]));
        Assert.Equal(["qwen/q3", "chat", "Warming", "Up", "H100", "2x20GiB", "12", "1/2", "3200"], Words(lines[1]));
        Assert.Equal(["[bold]bge", "embedding", "Failed", "-", "-", "0", "0/1", "-"], Words(lines[2]));
        Assert.Contains("[bold]bge: out of memory (the next request after 2026-01-31T10:00:00Z tries again)", run.Error, StringComparison.Ordinal);
        Assert.Contains("    CUDA out of memory", run.Error, StringComparison.Ordinal);
        Assert.Equal([$"GET /api/models Bearer {FakeServer.Token}"], _server.Calls);
    }

    [Fact]
    public async Task Json_IsTheAnswerItself()
    {
        _server.Answer = Models;

        var run = await _server.RunAsync("models", "--json");

        Assert.Equal("qwen/q3", System.Text.Json.JsonElement.Parse(run.Output).GetProperty("data")[0].GetProperty("id").GetString());
    }

    [Fact]
    public async Task KeysCreate_PrintsTheSecretAloneToOutput()
    {
        _server.Answer = """{"key":{"id":"ab12","name":"ci"},"secret":"pv-secret"}""";

        var run = await _server.RunAsync("keys", "create", "ci", "--expires", "30d");

        Assert.Equal("pv-secret\n", run.Output.ReplaceLineEndings("\n"));
        Assert.Contains("ab12", run.Error, StringComparison.Ordinal);
        Assert.EndsWith("""{"name":"ci","expires_in":"30d"}""", Assert.Single(_server.Calls), StringComparison.Ordinal);
    }

    [Fact]
    public async Task KeysList_AndRevoke_AskTheirRoutes()
    {
        _server.Answer = """{"data":[{"id":"ab12","name":"ci","prefix":"pv-12345","status":"active","created_at":"2026-01-31T10:00:00Z","expires_at":null}]}""";
        Assert.Contains("2026-01-31 10:00Z", (await _server.RunAsync("keys", "list")).Output, StringComparison.Ordinal);

        _server.Answer = """{"id":"ab12","name":"ci"}""";
        Assert.Contains("revoked", (await _server.RunAsync("keys", "revoke", "ab/12")).Output, StringComparison.Ordinal);

        Assert.StartsWith("DELETE /api/keys/ab%2F12 ", _server.Calls[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Usage_EndsWithTheTotal()
    {
        _server.Answer = """
            {"data":[{"group":"","requests":0,"prompt_tokens":0,"cached_tokens":0,"completion_tokens":0,"cost":"0.000000000000"},
            {"group":"k1","requests":1,"prompt_tokens":5,"cached_tokens":0,"completion_tokens":2,"cost":"0.000000000007"}],
            "total":{"group":"","requests":1,"unreported":3,"quarantined":2,"prompt_tokens":5,"cached_tokens":0,"completion_tokens":2,"cost":"0.000000000007"}}
            """;

        var run = await _server.RunAsync("usage", "--group", "key", "--from", "2026-01-01T00:00:00+01:00");

        Assert.StartsWith("GET /api/usage?group=key&from=2026-01-01T00%3A00%3A00%2B01%3A00 ", Assert.Single(_server.Calls), StringComparison.Ordinal);
        Assert.Contains("(playground)", run.Output, StringComparison.Ordinal);
        Assert.Equal(["(all)", "1", "5", "0", "2", "0.000000000007"], Words(run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]));
        Assert.Contains("3 of these requests", run.Error, StringComparison.Ordinal);
        Assert.Contains("2 of these requests came with usage that cannot be", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RequestsList_AsksWithItsFiltersAndTellsOfMore()
    {
        _server.Answer = """
            {"data":[{"id":"r1","ended_at":"2026-01-31T10:00:00.5Z","project":"p","model":"m","revision":2,"outcome":"failed","reason":"engine_busy",
            "duration_us":1500000,"parked_us":0,"prompt_tokens":5,"completion_tokens":2,"cost":"0.000000000007"}],"next":"abc"}
            """;

        var run = await _server.RunAsync("requests", "list", "--model", "m/n", "--outcome", "failed", "--limit", "1");

        Assert.StartsWith("GET /api/requests?limit=1&model=m%2Fn&outcome=failed ", Assert.Single(_server.Calls), StringComparison.Ordinal);
        Assert.Equal(["r1", "2026-01-31", "10:00:00.500Z", "p", "m@2", "failed", "(engine_busy)", "1.500", "0.000", "7", "0.000000000007"], Words(run.Output.Split('\n')[1]));
        Assert.Contains("--after abc", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RequestsShow_TellsWaitsAndCostLineByLine()
    {
        _server.Answer = """
            {"id":"r1","model":"m","revision":2,"surface":"chat.completions","explanation":"Completed, after 2 s.","project":"p","key":"k","replica":"","started_at":"a","ended_at":"b",
            "phases":[{"name":"wake","start_us":1000,"duration_us":1500000,"billed":false}],
            "cost_lines":[{"kind":"prompt","amount":5,"price":"0.050000","cost":"0.000000250000"}],"cost":"0.000000250000","rate_version":1,"tokens_per_second":12.34}
            """;

        var run = await _server.RunAsync("requests", "show", "r1");

        Assert.Equal(0, run.Code);
        var lines = run.Output.Split('\n').Select(Words).ToList();
        Assert.Contains(["wake", "0.001", "1.500", "no"], lines);
        Assert.Contains(["prompt", "5", "0.050000", "0.000000250000"], lines);
        Assert.Contains(["(all)", "-", "-", "0.000000250000"], lines);
        Assert.Contains(["12.3", "tokens", "a", "second"], lines);
    }

    [Fact]
    public async Task RequestsExport_PrintsWhatComes()
    {
        _server.Answer = "id,project\r\nr1,p\r\n";

        Assert.Equal("id,project\r\nr1,p\r\n", (await _server.RunAsync("requests", "export", "--from", "2026-01-01")).Output);
        Assert.StartsWith("GET /api/requests.csv?from=2026-01-01 ", Assert.Single(_server.Calls), StringComparison.Ordinal);
        Assert.Equal(2, (await _server.RunAsync("requests", "export", "--json")).Code);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 2)]
    public async Task Reconcile_EndsWithOneWhereAnythingDiffers(int code, int differences)
    {
        _server.Answer = (differences == 0 ? "" : """{"part":"rollups 2026-01-01 10h","records":3,"differences":["a is wrong","b is wrong"]}""" + "\n")
            + $$"""{"done":true,"records":7,"differences":{{differences}}}""" + "\n";

        var run = await _server.RunAsync("reconcile");

        Assert.Equal(code, run.Code);
        Assert.Equal(differences == 0 ? "" : "a is wrong\nb is wrong\n", run.Output.ReplaceLineEndings("\n"));
        Assert.Contains($"7 records compared, {differences} differences", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reconcile_ThatBreaksOff_IsNoSuccess()
    {
        _server.Answer = """{"part":"rollups 2026-01-01 10h","records":3,"differences":[]}""" + "\n";

        var run = await _server.RunAsync("reconcile", "--json");

        Assert.Equal((1, ""), (run.Code, run.Output));
        Assert.Contains("broke off", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ParkedUsage_IsListedWithItsReasons()
    {
        _server.Answer = """{"total":9,"data":[{"at":"2026-01-01T00:00:00Z","sequence":3,"why":"no usage record: x","request":null,"model":null}]}""";

        var run = await _server.RunAsync("usage", "parked", "--limit", "5");

        Assert.Contains("no usage record: x", run.Output, StringComparison.Ordinal);
        Assert.Contains("9 in all", run.Error, StringComparison.Ordinal);
        Assert.StartsWith("GET /api/usage/parked?limit=5 ", Assert.Single(_server.Calls), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Logs_ArePrintedAsTheyAre()
    {
        _server.Answer = "first [x]\nsecond\n";

        var run = await _server.RunAsync("logs", "qwen/q 3", "--lines", "2");

        Assert.Equal("first [x]\nsecond\n", run.Output.ReplaceLineEndings("\n"));
        Assert.StartsWith("GET /api/logs/qwen/q%203?lines=2 ", Assert.Single(_server.Calls), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Console_PrintsALink()
    {
        _server.Answer = """{"code":"c","url":"http://x/inference/serverless#signin=c"}""";

        Assert.Equal("http://x/inference/serverless#signin=c", (await _server.RunAsync("console")).Output.Trim());
    }

    [Fact]
    public async Task ARefusal_IsShownInTheServersWords()
    {
        _server.Status = 404;
        _server.Answer = """{"error":{"message":"There is no key 'x'.","type":"invalid_request_error","param":"id","code":"key_not_found"}}""";

        var run = await _server.RunAsync("keys", "revoke", "x");

        Assert.Equal((1, "There is no key 'x'."), (run.Code, run.Error.Trim()));
    }

    [Theory]
    [InlineData(401, "{}", "PODVIRT_ADMIN_TOKEN")]
    [InlineData(502, "<html>", "502")]
    public async Task AnAnswerThatIsNotTheApis_IsExplained(int status, string answer, string says)
    {
        _server.Status = status;
        _server.Answer = answer;

        var run = await _server.RunAsync("models");

        Assert.Equal(1, run.Code);
        Assert.Contains(says, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithAnAddress_TheTokenComesFromTheEnvironmentAlone()
    {
        _server.Answer = """{"data":[]}""";

        Assert.Equal(2, (await _server.RunAsync("models", "--url", _server.Address)).Code);
        Assert.Empty(_server.Calls);

        Assert.Equal(0, (await Run.OfAsync(["models", "--url", _server.Address], ("PODVIRT_ADMIN_TOKEN", "theirs"))).Code);
        Assert.Equal(["GET /api/models Bearer theirs"], _server.Calls);
    }

    [Fact]
    public async Task ThePlaceOfTheData_ComesFromTheEnvironment()
    {
        _server.Answer = """{"data":[]}""";

        Assert.Equal(0, (await Run.OfAsync(["models"], ("PODVIRT_DATA", _server.Folder))).Code);
    }

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
