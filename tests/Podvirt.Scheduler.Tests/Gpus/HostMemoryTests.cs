using Podvirt.Core.Gpus;
using Podvirt.Scheduler.Gpus;
using Podvirt.Scheduler.Runtimes.Local;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Gpus;

public class HostMemoryTests
{
    private static readonly Dictionary<string, long> s_totals = new() { ["big"] = 400 * Make.GiB, ["small"] = 100 * Make.GiB };

    [Fact]
    public void EveryNode_HasThreeQuartersOfItsOwnMemory()
    {
        IReadOnlyList<GpuDevice> gpus = [Real("a", "big"), Real("b", "big"), Real("c", "small"), Real("d", "unknown"), .. Make.Gpus(1, 80, node: "simulated")];
        Assert.Equal(
            new Dictionary<string, long> { ["big"] = 300 * Make.GiB, ["small"] = 75 * Make.GiB, ["unknown"] = 0 },
            HostMemory.Limits(gpus, configured: null, node => s_totals.GetValueOrDefault(node)));
    }

    [Fact]
    public void WhatIsConfigured_HoldsForEveryNode_AlsoForSimulatedGpus() => Assert.Equal(
        new Dictionary<string, long> { ["big"] = 7, ["simulated"] = 7 },
        HostMemory.Limits([Real("a", "big"), .. Make.Gpus(1, 80, node: "simulated")], configured: 7, _ => 0));

    [Fact]
    public void Status_CountsWhatIsTheProcessesOwn()
    {
        const string Status = """
            Name:	VmSwap: 9 kB
            VmRSS:	  999999 kB
            RssAnon:	     300 kB
            RssFile:	  900000 kB
            RssShmem:	      20 kB
            VmSwap:	       4 kB
            HugetlbPages:	    2048 kB
            """;
        Assert.Equal((300 + 20 + 4 + 2048) * 1024L, HostMemory.ParseStatus(Status));
    }

    [Fact]
    public void Session_GrowsByWhatItsProcessesTouch()
    {
        const int Size = 256 << 20;
        var session = ProcFs.ReadStat(Environment.ProcessId)!.Value.Session;
        var before = HostMemory.OfSession(session)!.Value;
        var block = GC.AllocateUninitializedArray<byte>(Size);
        block.AsSpan().Fill(1);
        // Others of the session come and go beside this one.
        Assert.InRange(HostMemory.OfSession(session)!.Value - before, Size / 2, long.MaxValue);
        GC.KeepAlive(block);
    }

    [Fact]
    public void SessionThatIsGone_HasNoFigure() => Assert.Null(HostMemory.OfSession(int.MaxValue));

    private static GpuDevice Real(string id, string node) => new(id, 0, node, "H100", 80 * Make.GiB, Simulated: false);
}
