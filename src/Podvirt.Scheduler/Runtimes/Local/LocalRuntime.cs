using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Gpus;
using Podvirt.Core.Models;
using Podvirt.Scheduler.Engines;

namespace Podvirt.Scheduler.Runtimes.Local;

/// <summary>Replicas as child processes of this one, or of an earlier run of it.</summary>
internal sealed class LocalRuntime : IReplicaRuntime, IAsyncDisposable
{
    public const string NonceVariable = "PODVIRT_REPLICA_NONCE";

    /// <summary>How soon an exit is noticed: a dead engine costs its requests at most this much before the routes say so.</summary>
    private static readonly TimeSpan ReapInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>How often log sizes are looked at, in reaping rounds: about a second.</summary>
    private const int RoundsPerLogCheck = 50;

    private readonly SchedulerOptions _options;
    private readonly EngineCommandBuilder _commands;
    private readonly ReplicaLogFiles _logs;
    private readonly PidFiles _pidFiles;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly ConcurrentDictionary<string, LocalProcess> _processes = new(StringComparer.Ordinal);

    /// <summary>One entry per replica that ended: bounded by the replicas that exist.</summary>
    private readonly Channel<ReplicaExit> _exits = Channel.CreateUnbounded<ReplicaExit>(
        new UnboundedChannelOptions { SingleReader = true });

    private readonly CancellationTokenSource _ended = new();
    private readonly Task _reaper;

    public LocalRuntime(SchedulerOptions options, EngineCommandBuilder commands, ReplicaLogFiles logs, TimeProvider time, ILogger log)
    {
        _options = options;
        _commands = commands;
        _logs = logs;
        _pidFiles = new PidFiles(options.DataPath);
        _time = time;
        _log = log;
        _reaper = ReapAsync(_ended.Token);
    }

    public ValueTask<RunningReplica> StartAsync(ReplicaStart start, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var port = FreePort();
        var apiKey = Secret();
        var nonce = Secret();
        var command = _commands.Build(start.Model, start.Gpus, start.MemoryBytes, EngineListen.Loopback(port), apiKey);
        var environment = ChildEnvironment.Build(Environment.GetEnvironmentVariables(), command.Environment);
        environment[NonceVariable] = nonce;
        var logPath = _logs.Create(start.Model.Id, start.Replica);
        var address = $"http://127.0.0.1:{port}";
        var file = new PidFile(
            start.Replica, start.Model.Id, start.Model.Revision, 0, 0, nonce, address, apiKey, [.. start.Gpus.Select(gpu => gpu.Id)],
            start.MemoryBytes, SettingsOf(start.Model, start.Gpus, start.MemoryBytes));
        _pidFiles.Write(file);
        int pid;
        try
        {
            pid = ProcessSpawner.Spawn(command.Arguments, environment, logPath);
        }
        catch (ReplicaStartException)
        {
            _pidFiles.Delete(start.Replica);
            throw;
        }

        var running = new RunningReplica(start.Replica, start.Model.Id, address, apiKey, pid);
        file = file with { Pid = pid, StartTime = ProcFs.ReadStat(pid)?.StartTime ?? 0 };
        _processes[start.Replica] = new LocalProcess(running, logPath, file, isChild: true);
        _pidFiles.Write(file);
        SchedulerLog.Spawned(_log, start.Replica, pid, string.Join(' ', command.Arguments));
        return ValueTask.FromResult(running);
    }

    public async Task StopAsync(string replica, CancellationToken cancellationToken)
    {
        if (!_processes.TryGetValue(replica, out var process))
        {
            return;
        }

        process.IsStopping = true;
        if (!cancellationToken.IsCancellationRequested)
        {
            process.Signal(Libc.SigTerm);
        }

        try
        {
            await process.Exited.WaitAsync(_options.StopGrace, _time, cancellationToken);
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            if (exception is TimeoutException)
            {
                SchedulerLog.Killed(_log, replica, _options.StopGrace);
            }

            process.Signal(Libc.SigKill);
            // The kernel ends it; the reaper tells when.
            await process.Exited;
        }

        _pidFiles.Delete(replica);
        _processes.TryRemove(replica, out _);
    }

    public IReadOnlyList<RunningReplica> List() =>
        [.. _processes.Values.Where(process => !process.Exited.IsCompleted).Select(process => process.Running)];

    public ValueTask<LogText> ReadLogAsync(string replica, LogPosition position, CancellationToken cancellationToken)
    {
        var end = position.Output;
        var text = _processes.TryGetValue(replica, out var process) ? ReplicaLogFiles.ReadFrom(process.LogPath, ref end) : "";
        return ValueTask.FromResult(new LogText(text, position with { Output = end }));
    }

    public IAsyncEnumerable<ReplicaExit> WatchExitsAsync(CancellationToken cancellationToken) =>
        _exits.Reader.ReadAllAsync(cancellationToken);

    public async Task<IReadOnlyList<LeftReplica>> TakeOverAsync(CancellationToken cancellationToken)
    {
        var (running, ended) = Split(_pidFiles.ReadAll().Where(file => !_processes.ContainsKey(file.Replica)));
        await new Leftovers(_pidFiles, _time, _log).RemoveAsync(ended, cancellationToken);
        foreach (var file in running)
        {
            var replica = new RunningReplica(file.Replica, file.Model, file.Address, file.ApiKey, file.Pid);
            _processes[file.Replica] = new LocalProcess(replica, _logs.PathOf(file.Model, file.Replica), file, isChild: false);
        }

        return [.. _processes.Values.Where(process => !process.Exited.IsCompleted).Select(Left)];
    }

    public string SettingsOf(ModelSpec model, IReadOnlyList<GpuDevice> gpus, long memoryBytes) => _commands.SettingsOf(model, gpus, memoryBytes);

    /// <summary>Whatever the node is called, its replicas run here: this machine's, or what its container may use of it.</summary>
    public long NodeMemory(string node) => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    public ValueTask NoteSleepAsync(string replica, int level, long? hostBase, CancellationToken cancellationToken)
    {
        if (_processes.TryGetValue(replica, out var process) && (process.File.SleepLevel, process.File.HostBase) != (level, hostBase))
        {
            process.File = process.File with { SleepLevel = level, HostBase = hostBase };
            _pidFiles.Write(process.File);
        }

        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_options.ElectsLeader)
        {
            // Whoever ends the runtime without stopping its replicas still leaves none behind.
            using var atOnce = new CancellationTokenSource();
            await atOnce.CancelAsync();
            await Task.WhenAll(_processes.Keys.Select(replica => StopAsync(replica, atOnce.Token)));
        }

        await _ended.CancelAsync();
        await _reaper;
        _exits.Writer.TryComplete();
        _ended.Dispose();
    }

    private static (List<PidFile> Running, List<PidFile> Ended) Split(IEnumerable<PidFile> files)
    {
        var running = new List<PidFile>();
        var ended = new List<PidFile>();
        foreach (var file in files)
        {
            // Without an address it is a file of an older release.
            (Leftovers.Runs(file) && file.Address.Length > 0 ? running : ended).Add(file);
        }

        return (running, ended);
    }

    private static LeftReplica Left(LocalProcess process) => new(
        process.Running, process.File.Revision, process.File.Gpus ?? [], process.File.MemoryBytes, process.File.Settings,
        process.File.SleepLevel, process.File.HostBase);

    private async Task ReapAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(ReapInterval, _time);
        for (var round = 1; ; round++)
        {
            try
            {
                await timer.WaitForNextTickAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            foreach (var process in _processes.Values)
            {
                if (!process.Exited.IsCompleted && process.TryReap())
                {
                    Report(process);
                }
                else if (round % RoundsPerLogCheck == 0)
                {
                    BoundLog(process);
                }
            }
        }
    }

    private void Report(LocalProcess process)
    {
        var how = process.Ending;
        SchedulerLog.Exited(_log, process.Running.Replica, process.Running.Process, how);
        if (!process.IsStopping)
        {
            var line = LastErrorLine(process);
            _exits.Writer.TryWrite(new ReplicaExit(process.Running.Replica, line.Length == 0 ? how : $"{how}: {line}"));
        }
    }

    private string LastErrorLine(LocalProcess process)
    {
        try
        {
            return ReplicaLogFiles.LastErrorLine(process.LogPath);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Reaping goes on whatever became of a log; the exit is reported without its line.
            SchedulerLog.LogUnreadable(_log, process.Running.Replica, exception.Message);
            return "";
        }
    }

    private void BoundLog(LocalProcess process)
    {
        try
        {
            _logs.Bound(process.LogPath);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            SchedulerLog.LogUnbounded(_log, process.Running.Replica, exception.Message);
        }
    }

    /// <summary>Free a moment ago. Should another take it before the engine binds, the start fails and is tried again.</summary>
    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static string Secret() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
}
