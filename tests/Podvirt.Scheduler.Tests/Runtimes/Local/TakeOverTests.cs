using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Core.Models;
using Podvirt.Scheduler.Engines;
using Podvirt.Scheduler.Runtimes;
using Podvirt.Scheduler.Runtimes.Local;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Runtimes.Local;

/// <summary>
/// One runtime starts real processes and is as good as crashed from then on; a second one on the same folder finds them.
/// The first stays their parent, as init would be.
/// </summary>
public sealed class TakeOverTests : IAsyncDisposable
{
    private const string TwoProcesses = "sh -c 'while true; do sleep 0.05; done' & echo up; while true; do sleep 0.05; done";

    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly string _data = Directory.CreateTempSubdirectory("podvirt-").FullName;
    private readonly SchedulerOptions _options;
    private readonly LocalRuntime _crashed;
    private readonly LocalRuntime _next;

    public TakeOverTests()
    {
        _options = new SchedulerOptions { DataPath = _data, StopGrace = TimeSpan.FromMilliseconds(300) };
        _crashed = Runtime();
        _next = Runtime();
    }

    [Fact]
    public async Task RunningReplica_IsTakenOverAsItIs()
    {
        var running = await StartAsync(TwoProcesses);
        await _crashed.NoteSleepAsync("r1", 2, hostBase: 5, CancellationToken.None);

        var left = Assert.Single(await _next.TakeOverAsync(CancellationToken.None));

        Assert.Equal(running, left.Running);
        Assert.Equal(["SIM-0", "SIM-1"], left.Gpus);
        Assert.Equal((3, 7 * Make.GiB, 2, 5L), (left.Revision, left.MemoryBytes, left.SleepLevel, left.HostBase));
        Assert.Equal(_next.SettingsOf(Model(TwoProcesses), Make.Gpus(2, 80), 7 * Make.GiB), left.Settings);
        Assert.Equal([running], _next.List());
        // For a moment, each sleep that a shell starts is still a shell.
        await UntilAsync(() => InGroup(running.Process), processes => processes == 2);
        await UntilAsync(() => Log(_next), log => log.Contains("up", StringComparison.Ordinal));
    }

    [Fact]
    public async Task TakenOver_IsStoppedWithItsWholeGroup()
    {
        var running = await StartAsync(TwoProcesses);
        await _next.TakeOverAsync(CancellationToken.None);
        await _next.StopAsync("r1", CancellationToken.None);
        await UntilAsync(() => InGroup(running.Process), left => left == 0);
        Assert.Empty(_next.List());
        Assert.Empty(new PidFiles(_data).ReadAll());
    }

    [Fact]
    public async Task TakenOver_ThatIgnoresTheTerm_IsKilled()
    {
        var running = await StartAsync("trap '' TERM; echo up; while true; do sleep 0.05; done");
        await UntilAsync(() => Log(), log => log.Contains("up", StringComparison.Ordinal));
        await _next.TakeOverAsync(CancellationToken.None);
        await _next.StopAsync("r1", CancellationToken.None);
        await UntilAsync(() => InGroup(running.Process), left => left == 0);
    }

    [Fact]
    public async Task TakenOver_ThatDies_IsReported()
    {
        var running = await StartAsync("echo 'ValueError: no memory'; while true; do sleep 0.05; done");
        await UntilAsync(() => Log(), log => log.Contains("memory", StringComparison.Ordinal));
        await _next.TakeOverAsync(CancellationToken.None);
        using (var process = Process.GetProcessById(running.Process))
        {
            process.Kill();
        }

        using var limit = new CancellationTokenSource(WaitMax);
        await foreach (var exit in _next.WatchExitsAsync(limit.Token))
        {
            Assert.Equal(new ReplicaExit("r1", "ended, exit code unknown: ValueError: no memory"), exit);
            break;
        }
    }

    [Fact]
    public async Task WorkerWhoseLeaderEnded_IsRemoved()
    {
        await StartAsync("setsid sleep 61 & exit 0");
        await UntilAsync(_crashed.List, running => running.Count == 0);
        // The leader may end before its worker has become what it shall be.
        await UntilAsync(() => Count("sleep\u000061\u0000"), count => count > 0);

        Assert.Empty(await _next.TakeOverAsync(CancellationToken.None));

        await UntilAsync(() => Count("sleep\u000061\u0000"), count => count == 0);
        Assert.Empty(new PidFiles(_data).ReadAll());
    }

    [Fact]
    public async Task ProcessThatWasNotYetNoted_IsRemoved()
    {
        // The run crashed between the start of the process and the second write of its file.
        var running = await StartAsync(TwoProcesses);
        var files = new PidFiles(_data);
        files.Write(Assert.Single(files.ReadAll()) with { Pid = 0, StartTime = 0 });
        Assert.Empty(await _next.TakeOverAsync(CancellationToken.None));
        await UntilAsync(() => InGroup(running.Process), left => left == 0);
    }

    [Fact]
    public async Task OtherProcessOfTheSamePid_IsLeftAlone()
    {
        using var foreign = Process.Start(new ProcessStartInfo("sleep", ["60"]))!;
        try
        {
            var started = ProcFs.ReadStat(foreign.Id)!.Value.StartTime;
            var files = new PidFiles(_data);
            files.Write(new PidFile("r0", "m", 1, foreign.Id, started, "nonce-of-old", "http://127.0.0.1:1"));
            Assert.Empty(await _next.TakeOverAsync(CancellationToken.None));
            Assert.False(foreign.HasExited);
            Assert.Empty(files.ReadAll());
        }
        finally
        {
            foreign.Kill();
            await foreign.WaitForExitAsync();
        }
    }

    [Fact]
    public async Task ProcessWithTheNonce_ThatStartedAtAnotherTime_IsNotTakenOver()
    {
        await StartAsync("exec sleep 60");
        var files = new PidFiles(_data);
        var file = Assert.Single(files.ReadAll());
        files.Write(file with { StartTime = file.StartTime - 1 });
        Assert.Empty(await _next.TakeOverAsync(CancellationToken.None));
    }

    [Fact]
    public async Task File_IsForItsOwnerOnly()
    {
        await StartAsync(TwoProcesses);
        var path = Assert.Single(Directory.EnumerateFiles(Path.Combine(_data, "replicas")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, new FileInfo(path).UnixFileMode);
    }

    [Fact]
    public void Settings_AreThoseOfTheStart_AndNotItsPortOrKey()
    {
        var settings = _next.SettingsOf(Model("a"), Make.Gpus(1, 80), Make.GiB);
        Assert.Equal(settings, _crashed.SettingsOf(Model("a") with { Revision = 9 }, Make.Gpus(1, 80), Make.GiB));
        Assert.NotEqual(settings, _next.SettingsOf(Model("b"), Make.Gpus(1, 80), Make.GiB));
        Assert.NotEqual(settings, _next.SettingsOf(Model("a"), Make.Gpus(1, 80, first: 1), Make.GiB));
        var vllm = Make.Model("m", kind: EngineKind.Vllm);
        Assert.NotEqual(_next.SettingsOf(vllm, Make.Gpus(1, 80), Make.GiB), _next.SettingsOf(vllm, Make.Gpus(1, 80), 2 * Make.GiB));
    }

    public async ValueTask DisposeAsync()
    {
        await _next.DisposeAsync();
        await _crashed.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    private LocalRuntime Runtime() => new(
        _options, new EngineCommandBuilder("vllm", ["simulator"], Path.Combine(_data, "gpus")), new ReplicaLogFiles(_data, 1 << 20, 3),
        TimeProvider.System, NullLogger.Instance);

    private static ModelSpec Model(string script) => Make.Model("m", kind: EngineKind.Command, revision: 3) with
    {
        Engine = new EngineSpec { Kind = EngineKind.Command, Command = ["sh", "-c", script] },
    };

    private async Task<RunningReplica> StartAsync(string script)
    {
        var running = await _crashed.StartAsync(new ReplicaStart("r1", Model(script), Make.Gpus(2, 80), 7 * Make.GiB), CancellationToken.None);
        if (script == TwoProcesses)
        {
            await UntilAsync(() => InGroup(running.Process), count => count >= 2);
        }

        return running;
    }

    private string Log() => Log(_crashed);

    private static string Log(LocalRuntime runtime)
    {
        // What it reads is there at once.
        return runtime.ReadLogAsync("r1", default, CancellationToken.None).AsTask().Result.Text;
    }

    // The shells' own sleeps come and go.
    private static int InGroup(int group) => ProcFs.Pids().Count(pid =>
        ProcFs.ReadStat(pid) is { State: not 'Z' } stat && stat.Group == group && !CommandLine(pid).StartsWith("sleep", StringComparison.Ordinal));

    private static int Count(string commandLine) => ProcFs.Pids().Count(pid => CommandLine(pid) == commandLine);

    private static string CommandLine(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline");
        }
        catch (IOException)
        {
            // It ended while we looked.
            return "";
        }
    }

    private static async Task<T> UntilAsync<T>(Func<T> look, Func<T, bool> isThere)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var seen = look();
            if (isThere(seen))
            {
                return seen;
            }

            Assert.True(watch.Elapsed < WaitMax, $"not seen in time; last: {seen}");
            await Task.Delay(Pause);
        }
    }
}
