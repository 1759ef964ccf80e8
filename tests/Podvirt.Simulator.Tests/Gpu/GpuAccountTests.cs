using Podvirt.Simulator.Gpu;
using Podvirt.Simulator.Options;
using Podvirt.Simulator.Tests.Engines;

namespace Podvirt.Simulator.Tests.Gpu;

public sealed class GpuAccountTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("podvirt-gpu").FullName;

    [Fact]
    public async Task Engine_HoldsItsShareUntilItSleepsAndAgainOnceAwake()
    {
        await using (var engine = await InProcessEngine.StartAsync([.. Account(), "--gpu-memory-utilization", "0.5", "--sim-gpu-leak", "7"]))
        {
            Assert.Equal(50, Held(Environment.ProcessId));
            await engine.Client.SendAsync("/sleep");
            Assert.Equal(17, Held(Environment.ProcessId));
            await engine.Client.SendAsync("/wake_up?tags=weights");
            Assert.InRange(Held(Environment.ProcessId)!.Value, 18, 49);
            await engine.Client.SendAsync("/wake_up?tags=kv_cache");
            Assert.Equal(50, Held(Environment.ProcessId));
        }

        Assert.Null(Held(Environment.ProcessId));
    }

    [Fact]
    public async Task Level1_HoldsTheWeightsInHostMemory_UntilTheyAreBack()
    {
        await using (var engine = await InProcessEngine.StartAsync(Account()))
        {
            Assert.Null(HeldOnHost());
            await engine.Client.SendAsync("/sleep?level=2");
            Assert.Null(HeldOnHost());
            await engine.Client.SendAsync("/wake_up");
            await engine.Client.SendAsync("/sleep?level=1");
            Assert.Equal(40, HeldOnHost());
            await engine.Client.SendAsync("/wake_up?tags=weights");
            Assert.Equal(0, HeldOnHost());
            await engine.Client.SendAsync("/wake_up?tags=kv_cache");
            await engine.Client.SendAsync("/sleep?level=1");
        }

        Assert.Null(HeldOnHost());
    }

    [Fact]
    public async Task HostMemoryThatIsKept_IsHeldAwakeToo()
    {
        await using var engine = await InProcessEngine.StartAsync([.. Account(), "--sim-fault", "host-memory-kept"]);
        await engine.Client.SendAsync("/sleep");
        await engine.Client.SendAsync("/wake_up");
        Assert.Equal(40, HeldOnHost());
        Assert.Equal("40", await engine.Client.StateAsync("host_bytes_held"));
    }

    [Fact]
    public async Task SecondEngineThatDoesNotFit_FailsAsTheRealOneDoes()
    {
        await using var first = await EngineProcess.Start(Account()).HealthyAsync();
        await using var second = EngineProcess.Start(Account());
        Assert.Equal(1, await second.ExitAsync());
        Assert.Contains("ValueError: Free memory on device (", second.Log, StringComparison.Ordinal);
        Assert.Contains("on startup is less than desired GPU memory utilization (0.90", second.Log, StringComparison.Ordinal);
        Assert.Null(Held(second.Id));
    }

    [Fact]
    public async Task SleeperWhoseMemoryWasTaken_FailsToWakeAndStaysAsleep()
    {
        await using var first = await EngineProcess.Start(Account()).HealthyAsync();
        await first.Client.SendAsync("/sleep");
        await using var second = await EngineProcess.Start([.. Account(), "--sim-gpu-asleep", "0"]).HealthyAsync();
        var (status, body) = await first.Client.SendAsync("/wake_up");
        Assert.Equal(500, (int)status);
        Assert.Contains("out of memory", body, StringComparison.Ordinal);
        Assert.Equal("""{"is_sleeping":true}""", await first.Client.Http.GetStringAsync("/is_sleeping"));
        await second.Client.SendAsync("/sleep");
        Assert.Equal(200, (int)(await first.Client.SendAsync("/wake_up")).Status);
    }

    [Fact]
    public async Task KilledEngine_HoldsNothingAnyMore()
    {
        int killed;
        await using (var first = await EngineProcess.Start(Account()).HealthyAsync())
        {
            killed = first.Id;
        }

        Assert.NotNull(Held(killed));
        await using var second = await EngineProcess.Start(Account()).HealthyAsync();
        Assert.Null(Held(killed));
    }

    [Fact]
    public async Task ReusedPid_IsNotTheHolder()
    {
        var account = new GpuAccount(_directory, "SIM-0", 100, TimeProvider.System, Environment.ProcessId);
        Directory.CreateDirectory(Path.Combine(_directory, "SIM-0"));
        // Process 1 lives, but did not start at tick 999999999.
        await File.WriteAllTextAsync(Path.Combine(_directory, "SIM-0", "1"), "90 999999999");
        Assert.Equal((true, 100L), await account.SetAsync(50, mustFit: true, default));
        Assert.Null(Held(1));
        await File.WriteAllTextAsync(Path.Combine(_directory, "SIM-0", "1"), $"90 {ProcessStartTime.Of(1)}");
        Assert.Equal((false, 10L), await account.SetAsync(50, mustFit: true, default));
    }

    [Fact]
    public async Task ShortageOnOneOfTwoGpus_TakesNothingOnTheOther()
    {
        var other = new GpuAccount(_directory, "SIM-1", 100, TimeProvider.System, 1);
        await other.SetAsync(90, mustFit: true, default);
        var options = new SimulatorOptions { GpuDirectory = _directory, GpuMemory = 100, VisibleDevices = "0,SIM-1" };
        var memory = new GpuMemory(options, TimeProvider.System, Environment.ProcessId);
        Assert.Equal(["SIM-0", "SIM-1"], memory.Gpus);
        Assert.Equal(new GpuShortage("SIM-1", 10, 100, 90), await memory.HoldAsync(90, default));
        Assert.Equal(0, Held(Environment.ProcessId));
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private long? HeldOnHost() => Held(Environment.ProcessId, "host");

    private string[] Account() => ["--sim-gpu-dir", _directory, "--sim-gpu-memory", "100", "--sim-gpu-asleep", "10"];

    private long? Held(int pid, string gpu = "SIM-0")
    {
        var file = Path.Combine(_directory, gpu, $"{pid}");
        return File.Exists(file) ? long.Parse(File.ReadAllText(file).Split(' ')[0]) : null;
    }
}
