using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Messaging;
using Podvirt.Messaging.Nats;
using Podvirt.Scheduler.Engines;
using Podvirt.Scheduler.Runtimes.Local;
using Podvirt.Scheduler.Tests.Doubles;
using Podvirt.Testing.Nats;

namespace Podvirt.Scheduler.Tests.Leadership;

/// <summary>Leadership over a real nats-server, and a real engine that outlives its leaders.</summary>
public sealed class NatsLeadershipTests : IAsyncLifetime
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly string _data = Directory.CreateTempSubdirectory("podvirt-").FullName;
    private readonly CancellationTokenSource _ended = new();
    private NatsServer _server = null!;
    private ServiceProvider _gateway = null!;
    private NatsScheduler _first = null!;
    private NatsScheduler _second = null!;
    private Task _listening = Task.CompletedTask;
    private Task _reporting = Task.CompletedTask;
    private volatile RouteTable _routes = RouteTable.Empty;

    public async ValueTask InitializeAsync()
    {
        _server = await NatsServer.StartAsync();
        _gateway = new ServiceCollection().AddLogging()
            .AddPodvirtNatsMessaging(new NatsOptions { Url = _server.Url, LeasePeriod = Period }).BuildServiceProvider();
        var model = Make.Model("one", gib: 20);
        model = model with { Engine = model.Engine with { Args = ["--sim-load-weights", "20ms", "--sim-load-compile", "20ms", "--sim-load-graphs", "20ms"] } };
        await _gateway.GetRequiredService<IStateStore>().PutAsync(Catalog.StateKey, StateJson.ToBytes(Make.Catalog(model)));
        _listening = ListenAsync();
        _reporting = ReportAsync();
        _first = Scheduler();
        _second = Scheduler();
        await _first.StartAsync();
        await UntilAsync(() => _first.Leads, "the first leads");
        await _second.StartAsync();
        await UntilAsync(Serves, "the model serves");
    }

    [Fact]
    public async Task LeaderIsPaused_AnotherLeadsWithinTwoPeriods_AndThePausedOneIsRefused()
    {
        var process = EngineProcess();
        _first.Gate.Pause();
        var took = await UntilAsync(() => _second.Leads, "the second leads");
        // A renewal may have been on its way at the pause: that is when the period began.
        Assert.True(took <= 2 * Period, $"took {took}");
        await UntilAsync(() => _routes.Epoch == 2, "the second's routes");
        Assert.True(Serves());

        _first.Gate.Resume();
        await UntilAsync(() => _first.Status is { Role: SchedulerRole.Standby, Epoch: 2 }, "the first stands by");
        Assert.Equal(process, EngineProcess());
        // From the one that stands by to the one that leads.
        Assert.True((await _first.Control.DoAsync(FleetAction.Pin, "one", CancellationToken.None)).Accepted);

        await _second.StopAsync();
        took = await UntilAsync(() => _first.Leads, "the first leads again");
        Assert.True(took < Period, $"took {took}, and its leader has left in order");
        await UntilAsync(() => _routes.Epoch == 3 && Serves(), "the first's routes");
        Assert.Equal(process, EngineProcess());
    }

    [Fact]
    public async Task ServerIsPausedForLongerThanTheLease_OneLeadsAfterwards_AndTheEngineServesOn()
    {
        var process = EngineProcess();
        _server.Process!.Pause();
        await UntilAsync(() => !_first.Leads, "the first steps down");
        Assert.False(_second.Leads);
        await Task.Delay(Period);
        Assert.False(_first.Leads || _second.Leads);

        _server.Process!.Resume();
        await UntilAsync(() => _first.Leads != _second.Leads && _routes.Epoch >= 2 && Serves(), "one leads, and the model serves");
        Assert.Equal(process, EngineProcess());
    }

    [Fact]
    public async Task ServerLosesTheLastEpoch_OneLeadsUnderALaterOne_AndTheEngineServesOn()
    {
        var process = EngineProcess();
        var lost = 0L;
        await _server.LoseEndAsync(async () =>
        {
            await UntilAsync(() => _first.Leads != _second.Leads, "one leads");
            var (leader, other) = _first.Leads ? (_first, _second) : (_second, _first);
            var before = _routes.Epoch;
            leader.Gate.Pause();
            await UntilAsync(() => other.Leads && _routes.Epoch > before, "the other's routes");
            leader.Gate.Resume();
            lost = _routes.Epoch;
        });

        await UntilAsync(() => _first.Leads != _second.Leads && _routes.Epoch > lost && Serves(), "one leads, by an epoch that gateways hear");
        Assert.Equal(process, EngineProcess());
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await Task.WhenAll(_listening, _reporting);
        await _second.DisposeAsync();
        await _first.DisposeAsync();
        await _gateway.DisposeAsync();
        await _server.DisposeAsync();
        // Its engines go on where schedulers end: what is left is taken over by one that is alone, which leaves nothing behind.
        var options = new SchedulerOptions { DataPath = _data };
        await using (var last = new LocalRuntime(
            options, new EngineCommandBuilder("vllm", ["simulator"], Path.Combine(_data, "gpus")), new ReplicaLogFiles(_data, 1 << 20, 3),
            TimeProvider.System, NullLogger.Instance))
        {
            await last.TakeOverAsync(CancellationToken.None);
        }

        Directory.Delete(_data, recursive: true);
        _ended.Dispose();
    }

    private NatsScheduler Scheduler() => new(_server.Url, Period, _data, Make.Gpus(1, 80));

    private bool Serves() => _routes.Models.Any(route => route.Replicas.Any(replica => replica.Admits));

    private int EngineProcess() => Assert.Single(new PidFiles(_data).ReadAll()).Pid;

    private async Task ListenAsync()
    {
        await using var subscription = _gateway.GetRequiredService<IBus>().Subscribe(Subjects.Routes);
        try
        {
            await foreach (var table in subscription.ReadAllAsync(_ended.Token))
            {
                _routes = table.IsNewerThan(_routes) ? table : _routes;
            }
        }
        catch (OperationCanceledException) when (_ended.IsCancellationRequested)
        {
            // The test is over.
        }
    }

    private async Task ReportAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        try
        {
            while (await timer.WaitForNextTickAsync(_ended.Token))
            {
                await _gateway.GetRequiredService<IBus>().PublishAsync(
                    Subjects.GatewayReports, new GatewayReport("g1", _routes.Epoch, _routes.Revision, [new ModelDemand("one", 1, 10, 0)], []), _ended.Token);
            }
        }
        catch (OperationCanceledException) when (_ended.IsCancellationRequested)
        {
            // The test is over.
        }
    }

    /// <returns>How long it took.</returns>
    private async Task<TimeSpan> UntilAsync(Func<bool> isTrue, string what)
    {
        var watch = Stopwatch.StartNew();
        while (!isTrue())
        {
            Assert.True(watch.Elapsed < WaitMax, $"never: {what}\nfirst:\n{string.Join('\n', _first.Log)}\nsecond:\n{string.Join('\n', _second.Log)}");
            await Task.Delay(Pause);
        }

        return watch.Elapsed;
    }
}
