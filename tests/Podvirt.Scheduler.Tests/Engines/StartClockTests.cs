using Podvirt.Scheduler.Engines;
using Podvirt.Scheduler.Lifecycle;

namespace Podvirt.Scheduler.Tests.Engines;

public class StartClockTests
{
    private readonly StartClock _clock = new(Seconds(60), download: Seconds(1000), silence: Seconds(100));
    private TimeSpan _now;

    [Fact]
    public void StartThatTakesTooLong_SaysInWhichPhase()
    {
        Assert.Null(Pass(WarmUpPhases.Starting, 30));
        Assert.Null(Pass(WarmUpPhases.Weights, 29));
        Assert.Equal("not ready after 60 s, in phase 'weights'", Pass(WarmUpPhases.Weights, 1));
    }

    [Fact]
    public void DownloadThatMoves_DoesNotCountToTheStart()
    {
        Assert.Null(Pass(WarmUpPhases.Starting, 30));
        for (var i = 0; i < 9; i++)
        {
            Assert.Null(Pass(WarmUpPhases.Download, 99, hasWritten: i % 2 == 0 || i == 7));
        }

        Assert.Null(Pass(WarmUpPhases.Weights, 29));
        Assert.Equal("not ready after 60 s, in phase 'compile'", Pass(WarmUpPhases.Compile, 1));
    }

    [Fact]
    public void DownloadThatIsSilent_HasStalled()
    {
        Assert.Null(Pass(WarmUpPhases.Download, 10, hasWritten: true));
        Assert.Null(Pass(WarmUpPhases.Download, 99));
        Assert.Equal("the download stalled: the engine's log has been silent for 100 s", Pass(WarmUpPhases.Download, 1));
    }

    [Fact]
    public void DownloadWithoutEnd_HasABoundToo()
    {
        for (var i = 0; i < 9; i++)
        {
            Assert.Null(Pass(WarmUpPhases.Download, 100, hasWritten: true));
        }

        Assert.Equal("the download took longer than 1000 s", Pass(WarmUpPhases.Download, 100, hasWritten: true));
    }

    private string? Pass(string phase, int seconds, bool hasWritten = false) => _clock.Pass(phase, _now += Seconds(seconds), hasWritten);

    private static TimeSpan Seconds(int count) => TimeSpan.FromSeconds(count);
}
