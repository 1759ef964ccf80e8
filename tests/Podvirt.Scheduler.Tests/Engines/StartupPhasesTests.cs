using Podvirt.Scheduler.Engines;

namespace Podvirt.Scheduler.Tests.Engines;

public class StartupPhasesTests
{
    [Theory]
    [InlineData("starting", "INFO Starting to load model Qwen/Qwen3-8B...\n", "weights")]
    [InlineData("starting", "INFO Downloading weights...\n", "download")]
    [InlineData("weights", "INFO Loading weights took 3.10 seconds\n", "compile")]
    [InlineData("compile", "INFO torch.compile takes 12.00 s in total\n", "graphs")]
    [InlineData("graphs", "INFO Starting to load model draft...\n", "graphs")]
    [InlineData("starting", "INFO nothing of interest\n", "starting")]
    [InlineData("starting", "", "starting")]
    [InlineData("starting", "Loading weights took 1 s\ntorch.compile takes 1 s\nGraph capturing finished in 1 secs\n", "graphs")]
    public void Lines_MoveThePhaseForward(string current, string log, string expected) =>
        Assert.Equal(expected, StartupPhases.Advance(current, log));
}
