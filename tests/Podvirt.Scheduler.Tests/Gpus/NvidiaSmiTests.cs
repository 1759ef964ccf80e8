using Podvirt.Core.Gpus;
using Podvirt.Scheduler.Engines;
using Podvirt.Scheduler.Gpus;

namespace Podvirt.Scheduler.Tests.Gpus;

public class NvidiaSmiTests
{
    private const long MiB = 1L << 20;

    [Fact]
    public void Devices_AreRead() => Assert.Equal(
        [new GpuDevice("GPU-a", 0, "box", "NVIDIA H100", 81559 * MiB, false), new GpuDevice("GPU-b", 1, "box", "NVIDIA L4", 23034 * MiB, false)],
        NvidiaSmi.ParseDevices("GPU-a, 0, NVIDIA H100, 81559, Disabled\nGPU-b, 1, NVIDIA L4, 23034, [N/A]\n", "box", out _));

    [Theory]
    [InlineData("GPU-a, 0, NVIDIA H100, 81559, Enabled", "GPU-a (NVIDIA H100) is divided into MIG instances: list those that shall be used under gpus")]
    [InlineData("GPU-a, 0, NVIDIA GB10, [N/A], [N/A]", "this is no gpu that can be used: GPU-a, 0, NVIDIA GB10, [N/A], [N/A]")]
    [InlineData("[GPU is lost], [GPU is lost], [GPU is lost], [GPU is lost], [GPU is lost]", "this is no gpu that can be used: [GPU is lost], [GPU is lost], [GPU is lost], [GPU is lost], [GPU is lost]")]
    [InlineData("Unable to determine the device handle for GPU0: 0000:01:00.0: Unknown Error", "this is no gpu that can be used: Unable to determine the device handle for GPU0: 0000:01:00.0: Unknown Error")]
    public void RowThatIsNoUsableGpu_IsLeftOut_WithTheReason(string row, string problem)
    {
        var devices = NvidiaSmi.ParseDevices($"{row}\nGPU-b, 1, NVIDIA L4, 23034, [N/A]\n", "box", out var problems);
        Assert.Equal(["GPU-b"], devices.Select(device => device.Id));
        Assert.Equal([problem], problems);
    }

    [Fact]
    public void Held_IsTheLargestShareOfOurProcesses() => Assert.Equal(
        300 * MiB,
        NvidiaSmi.ParseHeld("GPU-a, 1, 100\nGPU-b, 2, 200\nGPU-b, 3, 100\nGPU-b, 9, 5000\nGPU-c, 1, 7000\n", ["GPU-a", "GPU-b"], pid => pid < 9));

    [Fact]
    public void Held_WithoutANumber_IsUnknown() =>
        Assert.Null(NvidiaSmi.ParseHeld("GPU-a, 1, [N/A]\n", ["GPU-a"], _ => true));

    [Theory]
    [InlineData("")]
    [InlineData("GPU-b, 1, 100\n")]
    [InlineData("GPU-a, 9, 100\n")]
    public void ReplicaThatIsNotListed_IsUnknown_AndNotEmpty(string csv) =>
        Assert.Null(NvidiaSmi.ParseHeld(csv, ["GPU-a"], pid => pid < 9));

    [Fact]
    public void Free_IsGivenInTheOrderThatWasAsked()
    {
        GpuDevice Gpu(string id) => new(id, 0, "box", "H100", 80 << 10, Simulated: false);
        const string Csv = "GPU-a, 100\nGPU-b, 200\nGPU-c, [N/A]\n";
        Assert.Equal([200 * MiB, 100 * MiB], NvidiaSmi.ParseFree(Csv, [Gpu("GPU-b"), Gpu("GPU-a")])!);
        Assert.Null(NvidiaSmi.ParseFree(Csv, [Gpu("GPU-a"), Gpu("GPU-c")]));
        Assert.Null(NvidiaSmi.ParseFree(Csv, [Gpu("GPU-d")]));
    }

    [Theory]
    [InlineData(100, 10)]
    [InlineData(40, 4)]
    [InlineData(10, 2)]
    [InlineData(2, 1.5)]
    public void ResidueLimit_GrowsWithTheReservation(int gib, double limit) =>
        Assert.Equal((long)(limit * 1024) * MiB, EngineSteps.ResidueLimit(gib * 1024 * MiB));
}
