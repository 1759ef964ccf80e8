using Podvirt.Core.Gpus;
using Podvirt.Core.Models;
using Podvirt.Scheduler.Gpus;
using Podvirt.Scheduler.Runtimes;

namespace Podvirt.Scheduler.Tests.Doubles;

/// <summary>A runtime that starts nothing, and gpus that hold what a test says. Each question takes the next answer; the last one stays.</summary>
internal sealed class FakeMachine(string address) : IReplicaRuntime, IGpuMeter
{
    private readonly List<RunningReplica> _running = [];

    public List<ReplicaStart> Starts { get; } = [];

    public Queue<long?> Held { get; } = new();

    public Queue<long?> Free { get; } = new();

    public Queue<long?> Host { get; } = new();

    public ValueTask<RunningReplica> StartAsync(ReplicaStart start, CancellationToken cancellationToken)
    {
        Starts.Add(start);
        var running = new RunningReplica(start.Replica, start.Model.Id, address, "key", 1234);
        _running.Add(running);
        return ValueTask.FromResult(running);
    }

    /// <summary>As if started before.</summary>
    public void Run(string replica) => _running.Add(new RunningReplica(replica, "m", address, "key", 1234));

    /// <summary>What the end of a replica waits for.</summary>
    public Func<string, CancellationToken, Task> Ending { get; set; } = (_, _) => Task.CompletedTask;

    public async Task StopAsync(string replica, CancellationToken cancellationToken)
    {
        await Ending(replica, cancellationToken);
        Stopped.Add(replica);
        _running.RemoveAll(running => running.Replica == replica);
    }

    public IReadOnlyList<RunningReplica> List() => [.. _running];

    public ValueTask<LogText> ReadLogAsync(string replica, LogPosition position, CancellationToken cancellationToken) =>
        ValueTask.FromResult(new LogText("", position));

    public async IAsyncEnumerable<ReplicaExit> WatchExitsAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        yield break;
    }

    public List<LeftReplica> Left { get; } = [];

    public List<string> Stopped { get; } = [];

    public Dictionary<string, int> SleepLevels { get; } = [];

    public Task<IReadOnlyList<LeftReplica>> TakeOverAsync(CancellationToken cancellationToken)
    {
        _running.AddRange(Left.Select(left => left.Running));
        return Task.FromResult<IReadOnlyList<LeftReplica>>(Left);
    }

    public string SettingsOf(ModelSpec model, IReadOnlyList<GpuDevice> gpus, long memoryBytes) =>
        $"{model.Engine.Model} {string.Join(',', gpus.Select(gpu => gpu.Id))} {memoryBytes / Make.GiB}";

    public Dictionary<string, long?> HostBases { get; } = [];

    public long NodeMemory(string node) => 0;

    public ValueTask NoteSleepAsync(string replica, int level, long? hostBase, CancellationToken cancellationToken)
    {
        (SleepLevels[replica], HostBases[replica]) = (level, hostBase);
        return ValueTask.CompletedTask;
    }

    public long? MeasureHost(RunningReplica replica) => Next(Host);

    public Task<long?> MeasureAsync(IReadOnlyList<string> gpuIds, RunningReplica replica, CancellationToken cancellationToken) =>
        Task.FromResult(Next(Held));

    public Task<IReadOnlyList<long>?> FreeAsync(IReadOnlyList<GpuDevice> gpus, CancellationToken cancellationToken) =>
        Task.FromResult(Next(Free) is { } free ? (IReadOnlyList<long>)[.. gpus.Select(_ => free)] : null);

    private static long? Next(Queue<long?> answers) =>
        answers.Count == 0 ? null : answers.Count == 1 ? answers.Peek() : answers.Dequeue();
}
