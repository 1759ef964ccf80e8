using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Messaging;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.EndToEnd;

/// <summary>The whole room with real child processes, and a gateway that reports what a test tells it to.</summary>
internal sealed class SchedulerHost : IAsyncDisposable
{
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(60);

    private readonly ServiceProvider _services;
    private readonly IHostedService _service;
    private readonly CancellationTokenSource _ended = new();
    private readonly Lock _gate = new();
    private readonly List<Task> _tasks = [];
    private readonly List<(Func<RouteTable, bool> Predicate, TaskCompletionSource<RouteTable> Found)> _waits = [];
    private RouteTable _routes = RouteTable.Empty;
    private IReadOnlyList<ModelDemand> _demand = [];
    private bool _isStopped;

    public SchedulerHost(string data, SchedulerOptions options, TestStore? store = null, TestBus? bus = null)
    {
        Bus = bus ?? new TestBus();
        options.DataPath = data;
        options.SimulatorPath ??= Path.Combine(AppContext.BaseDirectory, "Podvirt.Simulator.dll");
        Data = data;
        Store = store ?? new TestStore();
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<IBus>(Bus);
        services.AddSingleton<IStateStore>(Store);
        services.AddPodvirtScheduler(options);
        _services = services.BuildServiceProvider();
        _service = _services.GetServices<IHostedService>().Single();
    }

    public string Data { get; }

    public TestBus Bus { get; }

    public TestStore Store { get; }

    public long Epoch => _routes.Epoch;

    public IReplicaLogs Logs => _services.GetRequiredService<IReplicaLogs>();

    public async Task StartAsync(params ModelSpec[] models)
    {
        await ApplyAsync(1, models);
        _tasks.Add(ListenAsync());
        _tasks.Add(ReportAsync());
        await _service.StartAsync(CancellationToken.None);
    }

    public async Task ApplyAsync(long revision, params ModelSpec[] models) =>
        await Store.PutAsync(Catalog.StateKey, StateJson.ToBytes(new Catalog(revision, models)));

    /// <summary>What the gateway reports from now on.</summary>
    public async Task DemandAsync(params ModelDemand[] demand)
    {
        GatewayReport report;
        lock (_gate)
        {
            _demand = demand;
            report = Report();
        }

        await Bus.PublishAsync(Subjects.GatewayReports, report);
    }

    public async Task<ModelRoute> UntilAsync(string model, Func<ModelRoute, bool> predicate, string what)
    {
        ModelRoute? Find(RouteTable table) => table.Models.FirstOrDefault(route => route.Model.Id == model);
        var found = new TaskCompletionSource<RouteTable>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (Find(_routes) is { } now && predicate(now))
            {
                return now;
            }

            _waits.Add((table => Find(table) is { } route && predicate(route), found));
        }

        try
        {
            return Find(await found.Task.WaitAsync(WaitMax))!;
        }
        catch (TimeoutException late)
        {
            var log = await Logs.ReadTailAsync(model, 20, CancellationToken.None);
            var seen = Find(_routes);
            throw new TimeoutException($"{model} never became {what}; it is {seen?.Status} {seen?.Failure}. Its log ends:\n{log}", late);
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        if (_isStopped)
        {
            return;
        }

        _isStopped = true;
        await _service.StopAsync(cancellationToken);
        await _ended.CancelAsync();
        await Task.WhenAll(_tasks);
        await _services.DisposeAsync();
        _ended.Dispose();
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    private GatewayReport Report() => new("gateway", _routes.Epoch, _routes.Revision, _demand, []);

    private async Task ListenAsync()
    {
        await using var subscription = Bus.Subscribe(Subjects.Routes);
        try
        {
            await foreach (var table in subscription.ReadAllAsync(_ended.Token))
            {
                GatewayReport report;
                lock (_gate)
                {
                    _routes = table;
                    foreach (var wait in _waits.Where(wait => wait.Predicate(table)).ToList())
                    {
                        _waits.Remove(wait);
                        wait.Found.TrySetResult(table);
                    }

                    report = Report();
                }

                await Bus.PublishAsync(Subjects.GatewayReports, report);
            }
        }
        catch (OperationCanceledException) when (_ended.IsCancellationRequested)
        {
            // The host was disposed: that is how this loop ends.
        }
    }

    private async Task ReportAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        try
        {
            while (await timer.WaitForNextTickAsync(_ended.Token))
            {
                GatewayReport report;
                lock (_gate)
                {
                    report = Report();
                }

                await Bus.PublishAsync(Subjects.GatewayReports, report);
            }
        }
        catch (OperationCanceledException) when (_ended.IsCancellationRequested)
        {
            // The host was disposed: that is how this loop ends.
        }
    }
}
