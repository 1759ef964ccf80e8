using System.Diagnostics;
using System.Globalization;
using Podvirt.Core.Gpus;
using Podvirt.Scheduler.Gpus;
using Podvirt.Scheduler.Runtimes;
using Podvirt.Scheduler.Runtimes.Local;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Gpus;

/// <summary>The program itself, played by a script: what it is asked, and what becomes of its bad days.</summary>
public sealed class NvidiaSmiProcessTests : IDisposable
{
    private const long MiB = 1L << 20;

    private readonly string _folder = Directory.CreateTempSubdirectory("podvirt-").FullName;
    private readonly RecordingLog _log = new();

    private string Script => Path.Combine(_folder, "nvidia-smi");

    [Fact]
    public async Task Devices_AreAskedForByIdAndMemory_AndWhatCannotBeUsedIsLogged()
    {
        var smi = Play("""
            echo "$@" > "$0.asked"
            echo "GPU-a, 0, NVIDIA H100 80GB HBM3, 81559, Disabled"
            echo "GPU-b, 1, NVIDIA H100 80GB HBM3, 81559, Enabled"
            """);
        var devices = await smi.ListAsync(CancellationToken.None);
        Assert.Equal([new GpuDevice("GPU-a", 0, Environment.MachineName, "NVIDIA H100 80GB HBM3", 81559 * MiB, Simulated: false)], devices);
        Assert.Equal(
            "--query-gpu=uuid,index,name,memory.total,mig.mode.current --format=csv,noheader,nounits\n",
            await File.ReadAllTextAsync(Script + ".asked", TestContext.Current.CancellationToken));
        Assert.Contains("GPU-b", Assert.Single(_log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Held_IsThatOfOurSession_OnEachGpu()
    {
        // An engine leads a session of its own; which one this process is in depends on who started it.
        using var engine = Process.Start("setsid", ["sleep", "600"]);
        try
        {
            await UntilAsync(() => ProcFs.ReadStat(engine.Id)?.Session == engine.Id, "in a session of its own");
            var smi = Play($"""
                echo "GPU-a, {engine.Id}, 1000"
                echo "GPU-b, {engine.Id}, 1500"
                echo "GPU-b, {Environment.ProcessId}, 70000"
                """);
            Assert.Equal(1500 * MiB, await smi.MeasureAsync(["GPU-a", "GPU-b"], Replica(engine.Id), CancellationToken.None));
            Assert.Null(await smi.MeasureAsync(["GPU-a", "GPU-c"], Replica(engine.Id), CancellationToken.None));
        }
        finally
        {
            engine.Kill();
        }
    }

    [Theory]
    [InlineData("echo 'NVIDIA-SMI has failed because it couldn'\\''t communicate with the NVIDIA driver.'; exit 9", "exit code 9: NVIDIA-SMI has failed")]
    [InlineData("echo 'No devices were found'; exit 6", "exit code 6: No devices were found")]
    [InlineData("echo 'Failed to initialize NVML: Driver/library version mismatch' >&2; exit 18", "exit code 18: Failed to initialize NVML")]
    public async Task DriverError_IsNoGpu_NoMeasure_AndALine(string script, string line)
    {
        var smi = Play(script);
        Assert.Empty(await smi.ListAsync(CancellationToken.None));
        Assert.Null(await smi.MeasureAsync(["GPU-a"], Replica(1), CancellationToken.None));
        Assert.Null(await smi.FreeAsync([], CancellationToken.None));
        Assert.Equal(3, _log.Lines.Count);
        Assert.All(_log.Lines, said => Assert.Contains(line, said, StringComparison.Ordinal));
    }

    [Fact]
    public async Task DriverThatHangs_IsGivenUp_AndItsProcessesEnd()
    {
        // Its child keeps the output open, as a helper would.
        var smi = Play("""
            echo $$ > "$0.pid"
            sleep 600
            """, TimeSpan.FromMilliseconds(500));
        Assert.Empty(await smi.ListAsync(CancellationToken.None));
        Assert.Contains("no answer within 0.5 s", Assert.Single(_log.Lines), StringComparison.Ordinal);
        await UntilGoneAsync();
    }

    [Fact]
    public async Task CancelledQuestion_EndsTheProcess()
    {
        var smi = Play("""
            echo $$ > "$0.pid"
            sleep 600
            """);
        using var cancel = new CancellationTokenSource();
        var asked = smi.ListAsync(cancel.Token);
        await UntilAsync(() => File.Exists(Script + ".pid") && new FileInfo(Script + ".pid").Length > 0, "started");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        await UntilGoneAsync();
        Assert.Empty(_log.Lines);
    }

    [Fact]
    public async Task MachineWithoutTheProgram_HasNoGpus_AndNothingToSay()
    {
        var smi = new NvidiaSmi(_log, TimeProvider.System, [Script], TimeSpan.FromSeconds(20));
        Assert.Empty(await smi.ListAsync(CancellationToken.None));
        Assert.Empty(_log.Lines);
    }

    [Fact]
    public async Task ProgramThatMayNotRun_IsALine()
    {
        await File.WriteAllTextAsync(Script, "", TestContext.Current.CancellationToken);
        var smi = new NvidiaSmi(_log, TimeProvider.System, [Script], TimeSpan.FromSeconds(20));
        Assert.Empty(await smi.ListAsync(CancellationToken.None));
        Assert.Single(_log.Lines);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private NvidiaSmi Play(string script, TimeSpan? timeout = null)
    {
        File.WriteAllText(Script, script);
        return new NvidiaSmi(_log, TimeProvider.System, ["/bin/sh", Script], timeout ?? TimeSpan.FromSeconds(20));
    }

    private async Task UntilGoneAsync()
    {
        var pid = int.Parse(await File.ReadAllTextAsync(Script + ".pid"), CultureInfo.InvariantCulture);
        await UntilAsync(() => ProcFs.ReadStat(pid) is null or { State: 'Z' or 'X' }, "gone");
    }

    private static async Task UntilAsync(Func<bool> isSo, string what)
    {
        var began = Stopwatch.GetTimestamp();
        while (!isSo())
        {
            Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(20), $"it is not {what}");
            await Task.Yield();
        }
    }

    private static RunningReplica Replica(int process) => new("r1", "m", "", "", process);
}
