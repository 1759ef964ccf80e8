using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Podvirt.Core.Messages;
using Podvirt.Messaging;
using Podvirt.Scheduler.Nodes;
using Podvirt.Scheduler.Runtimes.Local;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Nodes;

/// <summary>The agent with a real process that an engine could be, and the account that simulated engines keep.</summary>
public sealed class NodeAgentTests : IAsyncDisposable
{
    private readonly string _account = Directory.CreateTempSubdirectory("podvirt-").FullName;
    private readonly string _replica = $"r-{Environment.ProcessId}-{Random.Shared.Next()}";
    private readonly TestBus _bus = new();
    private readonly Process _engine;

    public NodeAgentTests()
    {
        var start = new ProcessStartInfo("sleep", ["600"]) { UseShellExecute = false };
        start.Environment[NodeProcesses.ReplicaVariable] = _replica;
        _engine = Process.Start(start)!;
    }

    [Fact]
    public async Task Report_TellsOfGpus_OfMemory_AndOfWhatEachReplicaHolds()
    {
        Hold("SIM-0", 30 * Make.GiB);
        Hold("host", 7 * Make.GiB);
        await using var agent = await RunAsync();
        var report = await UntilAsync(seen => seen.Replicas.Any(replica => replica.Replica == _replica));

        Assert.Equal(("n1", "box"), (report.Node, report.Name));
        Assert.Equal(
            [new NodeGpu("SIM-0", 0, "SIM", 80 * Make.GiB, 50 * Make.GiB, true), new NodeGpu("SIM-1", 1, "SIM", 80 * Make.GiB, 80 * Make.GiB, true)],
            report.Gpus);
        Assert.InRange(report.HostFreeBytes, 1, report.HostBytes);
        var replica = Assert.Single(report.Replicas, replica => replica.Replica == _replica);
        Assert.Equal(7 * Make.GiB, replica.HostBytes);
        Assert.Equal([new NodeHold("SIM-0", 30 * Make.GiB), new NodeHold("SIM-1", 0)], replica.Gpus);
    }

    [Fact]
    public async Task Question_IsAnsweredAtOnce_WithWhatIsTrueThen()
    {
        await using var agent = await RunAsync(TimeSpan.FromMinutes(10));
        await UntilAsync(_ => true);
        Hold("SIM-1", 10 * Make.GiB);
        await _bus.PublishAsync(Subjects.NodeQuestions, new NodeQuestion("another", "q1"));
        await _bus.PublishAsync(Subjects.NodeQuestions, new NodeQuestion("n1", "q2"));
        var report = await UntilAsync(seen => seen.Answers.Count > 0);
        Assert.Equal(["q2"], report.Answers);
        Assert.Equal(70 * Make.GiB, report.Gpus[1].FreeBytes);
    }

    [Fact]
    public void OptionsThatMakeNoSense_AreAllTold() => Assert.Equal(
        ["node.id", "node.simulated_gpus", "node.interval"],
        new NodeAgentOptions { SimulatedGpus = [], SimulatedGpuDirectory = "gpus", Interval = TimeSpan.Zero }.Problems().Select(problem => problem.Split(':')[0]));

    public async ValueTask DisposeAsync()
    {
        _engine.Kill();
        await _engine.WaitForExitAsync();
        _engine.Dispose();
        Directory.Delete(_account, recursive: true);
    }

    private void Hold(string gpu, long bytes)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_account, gpu)).FullName;
        File.WriteAllText(Path.Combine(folder, $"{_engine.Id}"), $"{bytes} {ProcFs.ReadStat(_engine.Id)!.Value.StartTime}");
    }

    private IBusSubscription<NodeReport>? _reports;

    private async Task<Running> RunAsync(TimeSpan? interval = null)
    {
        _reports = _bus.Subscribe(Subjects.NodeReports);
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<IBus>(_bus);
        services.AddPodvirtNodeAgent(new NodeAgentOptions
        {
            NodeId = "n1",
            NodeName = "box",
            SimulatedGpus = Make.Gpus(2, 80),
            SimulatedGpuDirectory = _account,
            Interval = interval ?? TimeSpan.FromMilliseconds(50),
        });
        var provider = services.BuildServiceProvider();
        var agent = provider.GetServices<IHostedService>().Single();
        await agent.StartAsync(CancellationToken.None);
        return new Running(provider, agent);
    }

    private async Task<NodeReport> UntilAsync(Func<NodeReport, bool> predicate)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await foreach (var report in _reports!.ReadAllAsync(limit.Token))
        {
            if (predicate(report))
            {
                return report;
            }
        }

        throw new InvalidOperationException("The reports ended.");
    }

    private sealed record Running(ServiceProvider Services, IHostedService Agent) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Agent.StopAsync(CancellationToken.None);
            await Services.DisposeAsync();
        }
    }
}
