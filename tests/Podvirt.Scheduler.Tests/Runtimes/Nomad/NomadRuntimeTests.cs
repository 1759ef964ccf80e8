using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Podvirt.Scheduler.Nodes;
using Podvirt.Scheduler.Runtimes;
using Podvirt.Scheduler.Runtimes.Local;
using Podvirt.Scheduler.Runtimes.Nomad;
using Podvirt.Scheduler.Tests.Doubles;
using Podvirt.Testing.Nomad;

namespace Podvirt.Scheduler.Tests.Runtimes.Nomad;

/// <summary>The runtime on an agent that really runs its tasks.</summary>
public sealed class NomadRuntimeTests
{
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(30);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Start_RunsTheEngine_WhereItWasPlaced_AndStopLeavesNothing()
    {
        await using var world = await NomadWorld.StartAsync();
        var runtime = await world.RuntimeAsync();
        var running = await runtime.StartAsync(world.Start("r1"), Token);
        using var http = new HttpClient();
        await UntilAsync(async () => (await AskAsync(http, running.Address + "/health")) == 200);
        Assert.Equal([running], runtime.List());
        Assert.Equal([world.JobOf("r1")], await world.JobsAsync());
        Assert.Single(new NodeProcesses().Look(), replica => replica.Key == "r1" && replica.Value.Count > 0);

        await runtime.StopAsync("r1", Token);

        Assert.Empty(runtime.List());
        Assert.Empty(await world.JobsAsync());
        Assert.DoesNotContain(new NodeProcesses().Look(), replica => replica.Key == "r1");
    }

    [Fact]
    public async Task Key_IsInTheEnvironment_AndInNoArgument()
    {
        await using var world = await NomadWorld.StartAsync();
        var runtime = await world.RuntimeAsync();
        var running = await runtime.StartAsync(world.Start("r1"), Token);
        var job = await world.Client.JobAsync(world.JobOf("r1"), Token);
        var task = job!["TaskGroups"]![0]!["Tasks"]![0]!;
        Assert.Equal(running.ApiKey, (string?)task["Env"]!["VLLM_API_KEY"]);
        Assert.DoesNotContain(running.ApiKey, task["Config"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain(running.ApiKey, job["Meta"]!.ToJsonString(), StringComparison.Ordinal);
        await runtime.StopAsync("r1", Token);
    }

    [Fact]
    public async Task KeyInAVariable_IsInNoJob_AndTheNextSchedulerReadsIt()
    {
        await using var world = await NomadWorld.StartAsync();
        var runtime = await world.RuntimeAsync(nomad => nomad.EngineKey = NomadEngineKey.Variable);
        var running = await runtime.StartAsync(world.Start("r1"), Token);
        var path = EngineKeys.PathOf(world.JobOf("r1"));
        Assert.Equal(running.ApiKey, await world.Client.VariableAsync(path, "key", Token));
        var job = await world.Client.JobAsync(world.JobOf("r1"), Token);
        Assert.DoesNotContain(running.ApiKey, job!.ToJsonString(), StringComparison.Ordinal);

        // The engine has it all the same, and nobody else gets in.
        using var http = new HttpClient();
        await UntilAsync(async () => (await AskAsync(http, running.Address + "/health")) == 200);
        Assert.Equal(401, await AskAsync(http, running.Address + "/v1/models"));
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", running.ApiKey);
        Assert.Equal(200, await AskAsync(http, running.Address + "/v1/models"));

        // Also by a scheduler with the other option: the job says where its key is.
        var next = await world.RuntimeAsync();
        Assert.Equal(running, Assert.Single(await next.TakeOverAsync(Token)).Running);
        await next.StopAsync("r1", Token);
        Assert.Null(await world.Client.VariableAsync(path, "key", Token));
    }

    [Fact]
    public async Task KeyThatWasNotWritten_IsAFailedStart_AndTheNextSchedulerSeesIt()
    {
        await using var world = await NomadWorld.StartAsync();
        var agent = world.NeedsDouble();
        var runtime = await world.RuntimeAsync(nomad => (nomad.EngineKey, nomad.Attempts) = (NomadEngineKey.Variable, 2));
        agent.ServerErrors(2, "PUT /v1/var/:id");
        await Assert.ThrowsAsync<ReplicaStartException>(async () => await runtime.StartAsync(world.Start("r1"), Token));
        var next = await world.RuntimeAsync();
        Assert.Equal("its engine has no key", Assert.Single(await next.TakeOverAsync(Token)).Defect);
        Assert.Empty(next.List());
        await next.StopAsync("r1", Token);
        Assert.Empty(await world.JobsAsync());
    }

    [Fact]
    public async Task Log_IsReadOn_AndKeptWhenTheJobIsGone()
    {
        await using var world = await NomadWorld.StartAsync();
        var runtime = await world.RuntimeAsync();
        await runtime.StartAsync(world.Start("r1", NomadWorld.Command("echo one; echo two >&2; sleep 600")), Token);
        var (text, position) = ("", default(LogPosition));
        await UntilAsync(async () =>
        {
            var read = await runtime.ReadLogAsync("r1", position, Token);
            (text, position) = (text + read.Text, read.End);
            return text.Length == 8;
        });
        Assert.Equal(["one", "two"], text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
        Assert.Equal(new LogPosition(4, 4), position);
        await runtime.StopAsync("r1", Token);
        // Which of two files is read first when both get a line is not said.
        var kept = await new ReplicaLogFiles(world.Data, 1 << 20, 5).ReadReplicaTailAsync("r1", 10, Token);
        Assert.Equal(["one", "two"], kept!.Split('\n').Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task EngineThatDies_IsReported_WithItsLastWords(bool hasEvents, bool isChunked)
    {
        await using var world = await NomadWorld.StartAsync(hasEvents && isChunked ? null : new NomadDoubleOptions { EventStream = hasEvents, EventStreamChunked = isChunked });
        var runtime = await world.RuntimeAsync();
        var exit = FirstExitAsync(runtime);
        await runtime.StartAsync(world.Start("r1", NomadWorld.Command("echo 'ValueError: no memory' >&2; sleep 0.3; exit 3")), Token);
        var (replica, detail) = await exit;
        Assert.Equal("r1", replica);
        Assert.StartsWith("failed on ", detail, StringComparison.Ordinal);
        Assert.EndsWith(": ValueError: no memory", detail, StringComparison.Ordinal);
        Assert.Contains("3", detail, StringComparison.Ordinal);
        Assert.Empty(runtime.List());
        await runtime.StopAsync("r1", Token);
        Assert.Empty(await world.JobsAsync());
    }

    [Fact]
    public async Task EventsThatAreLost_AreMadeUpForByTheList()
    {
        await using var world = await NomadWorld.StartAsync();
        var agent = world.NeedsDouble();
        var runtime = await world.RuntimeAsync(nomad => nomad.ListInterval = TimeSpan.FromMilliseconds(200));
        var exit = FirstExitAsync(runtime);
        await UntilAsync(() => Task.FromResult(agent.Requests("GET /v1/event/stream") > 0));
        agent.LoseEvents(1000);
        await runtime.StartAsync(world.Start("r1", NomadWorld.Command("sleep 0.3; exit 3")), Token);
        Assert.Equal("r1", (await exit).Replica);
    }

    [Fact]
    public async Task EventsThatComeTwice_AreOneExit()
    {
        await using var world = await NomadWorld.StartAsync();
        world.NeedsDouble().RepeatEvents(3);
        var runtime = await world.RuntimeAsync(nomad => nomad.ListInterval = TimeSpan.FromMilliseconds(100));
        using var limit = new CancellationTokenSource(WaitMax);
        await using var exits = runtime.WatchExitsAsync(limit.Token).GetAsyncEnumerator(limit.Token);
        var first = exits.MoveNextAsync();
        await runtime.StartAsync(world.Start("r1", NomadWorld.Command("exit 3")), Token);
        await runtime.StartAsync(world.Start("r2", NomadWorld.Command("sleep 1; exit 3")), Token);
        Assert.True(await first);
        Assert.Equal("r1", exits.Current.Replica);
        Assert.True(await exits.MoveNextAsync());
        Assert.Equal("r2", exits.Current.Replica);
    }

    [Fact]
    public async Task BusyAgent_IsNoFailedStart()
    {
        await using var world = await NomadWorld.StartAsync();
        var agent = world.NeedsDouble();
        var runtime = await world.RuntimeAsync();
        agent.TooManyRequests(2);
        agent.ServerErrors(1, "PUT /v1/jobs");
        agent.Drop(1, "GET /v1/job/:id/evaluations");
        var running = await runtime.StartAsync(world.Start("r1", NomadWorld.Command("sleep 600")), Token);
        Assert.StartsWith("http://127.0.0.1:", running.Address, StringComparison.Ordinal);
        agent.ServerErrors(2);
        await runtime.StopAsync("r1", Token);
        Assert.Empty(await world.JobsAsync());
    }

    [Fact]
    public async Task LostNode_IsReported_AndItsJobRemoved()
    {
        await using var world = await NomadWorld.StartAsync(new NomadDoubleOptions { Nodes = [new NomadDoubleNode("a"), new NomadDoubleNode("b")] });
        var runtime = await world.RuntimeAsync(nomad => nomad.Template = WithoutDisconnect(world));
        var exit = FirstExitAsync(runtime);
        await runtime.StartAsync(world.Start("r1", NomadWorld.Command("sleep 600"), gpu: 1), Token);
        await world.Double!.LoseNodeAsync("b", killTasks: true);
        Assert.Equal(new ReplicaExit("r1", "lost on b: its node is down or out of reach"), await exit);
        await runtime.StopAsync("r1", Token);
        Assert.Empty(await world.JobsAsync());
    }

    [Fact]
    public async Task NodeThatIsCutOffForAMoment_KeepsItsReplica()
    {
        await using var world = await NomadWorld.StartAsync(new NomadDoubleOptions { Nodes = [new NomadDoubleNode("a")] });
        var runtime = await world.RuntimeAsync();
        var exit = FirstExitAsync(runtime);
        var running = await runtime.StartAsync(world.Start("r1", NomadWorld.Command("sleep 600")), Token);
        await world.Double!.LoseNodeAsync("a");
        await UntilAsync(async () => (await world.Client.JobAllocationsAsync(world.JobOf("r1"), 0, Token)).Value[0].ClientStatus == "unknown");
        world.Double.ReturnNode("a");
        await UntilAsync(async () => (await world.Client.JobAllocationsAsync(world.JobOf("r1"), 0, Token)).Value[0].ClientStatus == "running");
        Assert.Equal([running], runtime.List());
        Assert.False(exit.IsCompleted);
        await runtime.StopAsync("r1", Token);
    }

    [Fact]
    public async Task DrainedNode_IsReported()
    {
        await using var world = await NomadWorld.StartAsync(new NomadDoubleOptions { Nodes = [new NomadDoubleNode("a"), new NomadDoubleNode("b")] });
        var runtime = await world.RuntimeAsync();
        var exit = FirstExitAsync(runtime);
        await runtime.StartAsync(world.Start("r1", NomadWorld.Command("sleep 600")), Token);
        world.Double!.DrainNode("a");
        var (replica, detail) = await exit;
        Assert.Equal("r1", replica);
        Assert.Contains(" on a", detail, StringComparison.Ordinal);
        await runtime.StopAsync("r1", Token);
        Assert.Empty(await world.JobsAsync());
    }

    [Fact]
    public async Task JobThatSomebodyRemoves_IsReported()
    {
        await using var world = await NomadWorld.StartAsync();
        var runtime = await world.RuntimeAsync(nomad => nomad.ListInterval = TimeSpan.FromMilliseconds(200));
        var exit = FirstExitAsync(runtime);
        await runtime.StartAsync(world.Start("r1", NomadWorld.Command("sleep 600")), Token);
        await world.Client.PurgeAsync(world.JobOf("r1"), Token);
        Assert.Equal("r1", (await exit).Replica);
        await runtime.StopAsync("r1", Token);
    }

    [Fact]
    public async Task FileThatIsNoJob_IsAFailedStart_WithNomadsWords()
    {
        await using var world = await NomadWorld.StartAsync();
        var path = Path.Combine(world.Data, "bad.hcl");
        await File.WriteAllTextAsync(path, "job \"x\" {", Token);
        var runtime = await world.RuntimeAsync(nomad => nomad.Template = path);
        var exception = await Assert.ThrowsAsync<ReplicaStartException>(async () => await runtime.StartAsync(world.Start("r1"), Token));
        Assert.Contains("/v1/jobs/parse", exception.Message, StringComparison.Ordinal);
        Assert.Empty(await world.JobsAsync());
    }

    private static string WithoutDisconnect(NomadWorld world)
    {
        var path = Path.Combine(world.Data, "strict.hcl");
        var text = new JobFile(new NomadOptions { Driver = NomadDriver.RawExec }).Text;
        var start = text.IndexOf("    disconnect {", StringComparison.Ordinal);
        File.WriteAllText(path, text[..start] + text[(text.IndexOf('}', start) + 1)..]);
        return path;
    }

    private static async Task<ReplicaExit> FirstExitAsync(IReplicaRuntime runtime)
    {
        using var limit = new CancellationTokenSource(WaitMax);
        await foreach (var exit in runtime.WatchExitsAsync(limit.Token))
        {
            return exit;
        }

        throw new InvalidOperationException("The exits ended.");
    }

    private static async Task<int> AskAsync(HttpClient http, string address)
    {
        try
        {
            using var response = await http.GetAsync(new Uri(address), Token);
            return (int)response.StatusCode;
        }
        catch (HttpRequestException)
        {
            // Not up yet.
            return 0;
        }
    }

    private static async Task UntilAsync(Func<Task<bool>> isTrue)
    {
        using var limit = new CancellationTokenSource(WaitMax);
        while (!await isTrue())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), limit.Token);
        }
    }
}
