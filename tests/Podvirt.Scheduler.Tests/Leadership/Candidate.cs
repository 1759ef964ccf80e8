using Microsoft.Extensions.Time.Testing;
using Podvirt.Messaging;
using Podvirt.Scheduler.Leadership;
using Podvirt.Scheduler.Runtimes;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Leadership;

/// <summary>One scheduler process of several: its own clock, its own way to the stores, and the engines that all of them share.</summary>
internal sealed class Candidate : IAsyncDisposable
{
    private readonly SharedEngines _engines;
    private TimeSpan _missed;

    public Candidate(string name, LeadershipWorld world)
    {
        Name = name;
        _engines = world.Engines;
        Time = new FakeTimeProvider(world.Time.GetUtcNow());
        var runtime = new SharedRuntime(world.Engines, Gate);
        var options = new SchedulerOptions { ElectsLeader = true, Gpus = world.Gpus };
        var parts = new TermParts(
            options, new Machines(runtime, _ => throw new NotSupportedException(), _ => Task.FromResult(world.Gpus), () => ValueTask.CompletedTask),
            world.Bus, Gate.Before(world.Store), Time, new SchedulerMetrics(), Log,
            (mandate, fenced, events) =>
            {
                runtime.Epoch = mandate.Epoch;
                return new SharedEffects(world.Engines, Gate, mandate, fenced, events, world.Bus);
            });
        Service = new SchedulerService(parts, Gate.Before(world.Leases), name);
    }

    public string Name { get; }

    public CandidateGate Gate { get; } = new();

    public FakeTimeProvider Time { get; }

    public RecordingLog Log { get; } = new();

    public SchedulerService Service { get; }

    public bool IsDead { get; private set; }

    public bool Leads => !IsDead && Service.Current is { Role: SchedulerRole.Leader, Epoch: > 0 } now && now.Leader == Name;

    public IReadOnlyList<Done> Done => [.. _engines.Done.Where(done => done.Epoch == Service.Current.Epoch)];

    public Task StartAsync() => Service.StartAsync(CancellationToken.None);

    /// <summary>Its clock, as the world's; a process that is stopped finds all of it when it is resumed.</summary>
    public void Advance(TimeSpan time)
    {
        if (Gate.IsPaused || IsDead)
        {
            _missed += time;
        }
        else
        {
            Time.Advance(time);
        }
    }

    /// <summary>As SIGCONT: whatever goes on finds that time has passed.</summary>
    public void Resume()
    {
        Time.Advance(_missed);
        _missed = TimeSpan.Zero;
        Gate.Resume();
    }

    /// <summary>Goes on as if no time had passed: a virtual machine that was frozen.</summary>
    public void ResumeFrozen()
    {
        _missed = TimeSpan.Zero;
        Gate.Resume();
    }

    /// <summary>As SIGKILL: nothing of it is heard any more.</summary>
    public void Kill()
    {
        IsDead = true;
        Gate.Pause();
    }

    public async ValueTask DisposeAsync()
    {
        Gate.ReleaseTheLastMoment();
        Gate.CutOff(CandidateGate.Cut.Fails);
        Gate.Resume();
        Time.Advance(TimeSpan.FromMinutes(1));
        await Service.DisposeAsync();
    }
}
