using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Core.Gpus;
using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Messaging;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Leadership;

/// <summary>Schedulers, the engines that they rule over one after the other, and a gateway. Time passes in steps.</summary>
internal sealed class LeadershipWorld : IAsyncDisposable
{
    private const int LooksMax = 50;

    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(4);

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(250);

    private readonly ServiceProvider _services;
    private readonly List<Candidate> _candidates = [];
    private readonly IBusSubscription<RouteTable> _routes;
    private readonly IAsyncEnumerator<RouteTable> _heard;
    private readonly CancellationTokenSource _ended = new();
    private readonly Catalog _catalog;
    private Task<bool> _hearing;

    public LeadershipWorld(int gpus = 1, params ModelSpec[] models)
    {
        Gpus = Make.Gpus(gpus, 80);
        _services = new ServiceCollection().AddSingleton<TimeProvider>(Time).AddPodvirtEmbeddedMessaging("unused").BuildServiceProvider();
        Leases = _services.GetRequiredService<ILeases>();
        _routes = Bus.Subscribe(Subjects.Routes);
        _heard = _routes.ReadAllAsync(_ended.Token).GetAsyncEnumerator();
        _hearing = _heard.MoveNextAsync().AsTask();
        _catalog = Make.Catalog(models);
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public IReadOnlyList<GpuDevice> Gpus { get; }

    public ILeases Leases { get; }

    public TestStore Store { get; } = new();

    public TestBus Bus { get; } = new();

    public SharedEngines Engines { get; } = new();

    /// <summary>What the gateway works by.</summary>
    public RouteTable Routes { get; private set; } = RouteTable.Empty;

    /// <summary>What it reports, every second.</summary>
    public IReadOnlyList<ModelDemand> Demand { get; set; } = [];

    /// <summary>Called after each step.</summary>
    public Action Watch { get; set; } = () => { };

    public Candidate? Leader => _candidates.Where(candidate => candidate.Leads && !candidate.Gate.IsPaused).MaxBy(candidate => candidate.Service.Current.Epoch);

    public IReadOnlyList<Candidate> Candidates => _candidates;

    public TimeSpan Now => Time.GetUtcNow() - new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public ModelRoute Route(string model) => Routes.Models.Single(route => route.Model.Id == model);

    public async Task<Candidate> AddAsync(string name)
    {
        await Store.PutAsync(Catalog.StateKey, StateJson.ToBytes(_catalog));
        var candidate = new Candidate(name, this);
        _candidates.Add(candidate);
        await candidate.StartAsync();
        return candidate;
    }

    public async Task StepAsync()
    {
        Time.Advance(Step);
        foreach (var candidate in _candidates)
        {
            candidate.Advance(Step);
        }

        await Bus.PublishAsync(Subjects.GatewayReports, new GatewayReport("g1", Routes.Epoch, Routes.Revision, Demand, []));
        await SettleAsync();
        Watch();
    }

    /// <summary>What can happen without time has happened: work that was queued before goes first.</summary>
    public async Task SettleAsync()
    {
        // The clock is ours, the threads are not: what a step has set off is given the time to end, more of it on a busy machine.
        var looks = 0;
        do
        {
            await Task.Delay(Breath);
        }
        while (ThreadPool.PendingWorkItemCount > 0 && ++looks < LooksMax);

        while (_hearing.IsCompleted && await _hearing)
        {
            Routes = _heard.Current.IsNewerThan(Routes) ? _heard.Current : Routes;
            _hearing = _heard.MoveNextAsync().AsTask();
        }
    }

    public async Task PassAsync(TimeSpan time)
    {
        for (var until = Now + time; Now < until;)
        {
            await StepAsync();
        }
    }

    /// <returns>How long it took.</returns>
    public async Task<TimeSpan> UntilAsync(Func<bool> isTrue, string what, double seconds = 60)
    {
        var began = Now;
        await SettleAsync();
        while (!isTrue())
        {
            Assert.True(
                Now - began < TimeSpan.FromSeconds(seconds),
                $"not within {seconds} s: {what}\n" + string.Join('\n', _candidates.SelectMany(c => c.Log.Lines.TakeLast(15).Select(line => $"{c.Name}: {line}"))));
            await StepAsync();
        }

        return Now - began;
    }

    public Task<TimeSpan> UntilLeadsAsync(Candidate candidate, double seconds = 12) =>
        UntilAsync(() => candidate.Leads, $"{candidate.Name} leads", seconds);

    public Task<TimeSpan> UntilServesAsync(string model, double seconds = 60) =>
        UntilAsync(() => Routes.Models.Any(route => route.Model.Id == model && route.Replicas.Any(replica => replica.Admits)), $"{model} serves", seconds);

    public async ValueTask DisposeAsync()
    {
        foreach (var candidate in _candidates)
        {
            await candidate.DisposeAsync();
        }

        await _ended.CancelAsync();
        await _hearing.ContinueWith(static _ => { }, TaskScheduler.Default);
        await _heard.DisposeAsync();
        await _routes.DisposeAsync();
        await _services.DisposeAsync();
        _ended.Dispose();
    }
}
