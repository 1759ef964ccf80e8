using Podvirt.Scheduler.Runtimes.Local;

namespace Podvirt.Scheduler.Tests.Runtimes.Local;

public class ProcFsTests
{
    [Fact]
    public void NameWithSpacesAndParentheses_IsSkipped()
    {
        var stat = ProcFs.ParseStat(12, "12 (a b) (c)) S 1 12 11 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987654 1 1");
        Assert.Equal(new ProcStat(12, 'S', 12, 11, 987654), stat);
    }

    [Theory]
    [InlineData("")]
    [InlineData("12 (x) S 1")]
    public void DamagedText_IsNothing(string text) => Assert.Null(ProcFs.ParseStat(12, text));

    [Fact]
    public void OwnProcess_IsFound()
    {
        var stat = ProcFs.ReadStat(Environment.ProcessId);
        Assert.True(stat?.StartTime > 0);
        Assert.Contains(Environment.ProcessId, ProcFs.Pids());
        Assert.False(ProcFs.HasEnvironment(Environment.ProcessId, "PODVIRT_REPLICA_NONCE", "x"));
    }
}
