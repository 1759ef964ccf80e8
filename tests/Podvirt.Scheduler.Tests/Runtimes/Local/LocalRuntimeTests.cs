using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Core.Models;
using Podvirt.Scheduler.Engines;
using Podvirt.Scheduler.Runtimes;
using Podvirt.Scheduler.Runtimes.Local;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Runtimes.Local;

/// <summary>Real processes: shells that write what they see, and sleep.</summary>
public sealed class LocalRuntimeTests : IAsyncDisposable
{
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly string _data = Directory.CreateTempSubdirectory("podvirt-").FullName;
    private readonly SchedulerOptions _options;
    private readonly ReplicaLogFiles _logs;
    private readonly LocalRuntime _runtime;

    public LocalRuntimeTests()
    {
        _options = new SchedulerOptions
        {
            DataPath = _data,
            LogBytesMax = 64 << 10,
            LogsPerModel = 3,
            StopGrace = TimeSpan.FromMilliseconds(500),
        };
        _logs = new ReplicaLogFiles(_data, _options.LogBytesMax, _options.LogsPerModel);
        _runtime = Runtime();
    }

    [Fact]
    public async Task Child_LeadsItsOwnSession_AndInheritsNoDescriptor()
    {
        using var ours = new FileStream(Path.Combine(_data, "open"), FileMode.Create);
        var running = await StartAsync("r1", "sleep 60");

        var stat = ProcFs.ReadStat(running.Process);
        Assert.Equal((running.Process, running.Process), (stat?.Session, stat?.Group));
        var open = Directory.EnumerateFiles($"/proc/{running.Process}/fd")
            .Select(path => (Path.GetFileName(path), File.ResolveLinkTarget(path, false)!.FullName)).Order().ToList();
        Assert.Equal(["0", "1", "2"], open.Select(entry => entry.Item1));
        Assert.Equal("/dev/null", open[0].FullName);
        Assert.Equal([open[1].FullName], open.Skip(1).Select(entry => entry.FullName).Distinct());
        Assert.EndsWith("r1.log", open[1].FullName, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Child_SeesItsKeyAndGpus_AndNoneOfOurSecrets()
    {
        Environment.SetEnvironmentVariable("PODVIRT_ADMIN_TOKEN", "secret");
        Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
        var running = await StartAsync("r1", "env; echo the end; exec sleep 60");
        var text = await UntilAsync(() => Log("r1"), log => log.Contains("the end", StringComparison.Ordinal));

        // While it becomes sleep it has no environment for a moment.
        await UntilAsync(() => ProcFs.HasEnvironment(running.Process, "VLLM_API_KEY", running.ApiKey), has => has);
        Assert.True(ProcFs.HasEnvironment(running.Process, "CUDA_VISIBLE_DEVICES", "SIM-0,SIM-1"));
        Assert.True(ProcFs.HasEnvironment(running.Process, "CUDA_DEVICE_ORDER", "PCI_BUS_ID"));
        Assert.DoesNotContain("PODVIRT_ADMIN_TOKEN", text, StringComparison.Ordinal);
        Assert.DoesNotContain("INLINE_COMPLETIONS", text, StringComparison.Ordinal);
        Assert.DoesNotContain(running.ApiKey, File.ReadAllText($"/proc/{running.Process}/cmdline"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Exit_IsReported_WithItsCodeAndItsLastErrorLine()
    {
        await StartAsync("r1", "echo starting; echo 'ValueError: no memory' >&2; echo bye; exit 3");
        using var limit = new CancellationTokenSource(WaitMax);
        await foreach (var exit in _runtime.WatchExitsAsync(limit.Token))
        {
            Assert.Equal(new ReplicaExit("r1", "exit code 3: ValueError: no memory"), exit);
            break;
        }
    }

    [Fact]
    public async Task Stop_AsksFirst()
    {
        await StartAsync("r1", "trap 'echo asked; exit 0' TERM; echo ready; while true; do sleep 0.05; done");
        await UntilAsync(() => Log("r1"), log => log.Contains("ready", StringComparison.Ordinal));
        await _runtime.StopAsync("r1", CancellationToken.None);
        Assert.Contains("asked", await _logs.ReadTailAsync("m", 10, CancellationToken.None), StringComparison.Ordinal);
        Assert.Empty(_runtime.List());
        Assert.Empty(new PidFiles(_data).ReadAll());
    }

    [Fact]
    public async Task Stop_KillsTheWholeGroup_AfterTheGrace()
    {
        var running = await StartAsync(
            "r1", "trap '' TERM; sh -c 'trap \"\" TERM; echo child; while true; do sleep 0.05; done' & while true; do sleep 0.05; done");
        await UntilAsync(() => Log("r1"), log => log.Contains("child", StringComparison.Ordinal));
        Assert.True(InSession(running.Process) >= 2);
        await _runtime.StopAsync("r1", CancellationToken.None);
        await UntilAsync(() => InSession(running.Process), left => left == 0);
    }

    [Fact]
    public async Task LeaderThatDies_TakesItsGroupAlong()
    {
        var running = await StartAsync("r1", "sh -c 'while true; do sleep 0.05; done' & echo up; exit 1");
        await UntilAsync(() => InSession(running.Process), left => left == 0);
    }

    [Fact]
    public async Task CancelledStop_KillsAtOnce()
    {
        _options.StopGrace = TimeSpan.FromHours(1);
        var running = await StartAsync("r1", "trap '' TERM; echo ready; while true; do sleep 0.05; done");
        await UntilAsync(() => Log("r1"), log => log.Contains("ready", StringComparison.Ordinal));
        using var second = new CancellationTokenSource();
        var stop = _runtime.StopAsync("r1", second.Token);
        Assert.False(stop.IsCompleted);
        await second.CancelAsync();
        await stop.WaitAsync(WaitMax);
        Assert.Null(ProcFs.ReadStat(running.Process));
    }

    [Fact]
    public async Task Log_IsBounded_AndKeepsItsTail()
    {
        await StartAsync("r1", "i=0; while [ $i -lt 20000 ]; do echo \"line $i of many\"; i=$((i+1)); done; echo the end; exec sleep 60");
        await UntilAsync(() => Log("r1"), log => log.Contains("the end", StringComparison.Ordinal));
        var path = Directory.EnumerateFiles(Path.Combine(_data, "logs", "m")).Single();
        await UntilAsync(() => new FileInfo(path).Length, length => length <= _options.LogBytesMax);
        Assert.EndsWith("the end", await _logs.ReadTailAsync("m", 5, CancellationToken.None), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OnlyTheNewestLogs_AreKept()
    {
        for (var i = 1; i <= 5; i++)
        {
            await StartAsync($"r{i}", $"echo log {i}");
            await _runtime.StopAsync($"r{i}", CancellationToken.None);
        }

        var kept = Directory.EnumerateFiles(Path.Combine(_data, "logs", "m")).Select(Path.GetFileName).Order();
        Assert.Equal(["r3.log", "r4.log", "r5.log"], kept);
    }

    [Fact]
    public async Task ModelIdWithSlashesAndDots_StaysInsideTheFolder()
    {
        await StartAsync("r1", "echo here", "../../etc/passwd");
        await UntilAsync(() => Log("r1"), log => log == "here\n");
        Assert.Equal("here", await _logs.ReadTailAsync("../../etc/passwd", 5, CancellationToken.None));
        Assert.Single(Directory.EnumerateFiles(Path.Combine(_data, "logs"), "r1.log", SearchOption.AllDirectories));
        Assert.Null(await _logs.ReadTailAsync("nobody", 5, CancellationToken.None));
    }

    [Fact]
    public async Task ProgramThatDoesNotExist_IsSaid()
    {
        var model = Model("m", "x") with { Engine = new EngineSpec { Kind = EngineKind.Command, Command = ["no-such-engine"] } };
        var exception = await Assert.ThrowsAsync<ReplicaStartException>(async () =>
            await _runtime.StartAsync(new ReplicaStart("r1", model, [], 0), CancellationToken.None));
        Assert.Equal("cannot start 'no-such-engine': no such program", exception.Message);
        Assert.Empty(new PidFiles(_data).ReadAll());
    }

    public async ValueTask DisposeAsync()
    {
        Environment.SetEnvironmentVariable("PODVIRT_ADMIN_TOKEN", null);
        Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", null);
        await _runtime.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    private LocalRuntime Runtime() => new(
        _options, new EngineCommandBuilder("vllm", ["simulator"], Path.Combine(_data, "gpus")), _logs, TimeProvider.System,
        NullLogger.Instance);

    private static ModelSpec Model(string id, string script) => Make.Model(id, kind: EngineKind.Command) with
    {
        Engine = new EngineSpec { Kind = EngineKind.Command, Command = ["sh", "-c", script] },
    };

    private async Task<RunningReplica> StartAsync(string replica, string script, string model = "m") =>
        await _runtime.StartAsync(new ReplicaStart(replica, Model(model, script), Make.Gpus(2, 80), 0), CancellationToken.None);

    private string Log(string replica)
    {
        // What it reads is there at once.
        return _runtime.ReadLogAsync(replica, default, CancellationToken.None).AsTask().Result.Text;
    }

    private static int InSession(int session) =>
        ProcFs.Pids().Count(pid => ProcFs.ReadStat(pid) is { State: not 'Z' } stat && stat.Session == session);

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
