using Podvirt.Core.Usage;
using Podvirt.Gateway.Relay;

namespace Podvirt.Gateway.Tests.Relay;

public sealed class RunningCountsTests
{
    private const int Writes = 2_000_000;

    private RunningCounts _counts;

    [Fact]
    public async Task ReadDuringWrites_IsOneOfTheWritesAndNeverAnOlderOne()
    {
        var writing = Task.Run(() =>
        {
            for (var i = 1L; i <= Writes; i++)
            {
                _counts.Write(new TokenCounts(i, i, i, i), UsageSource.Engine);
            }
        }, TestContext.Current.CancellationToken);
        var last = 0L;
        while (!writing.IsCompleted)
        {
            var (tokens, _, version) = _counts.Read();
            Assert.True(tokens == new TokenCounts(tokens.Prompt, tokens.Prompt, tokens.Prompt, tokens.Prompt), $"{tokens} was never written");
            Assert.True(tokens.Prompt >= last, $"{tokens.Prompt} after {last}");
            Assert.Equal(tokens.Prompt * 2, version);
            last = tokens.Prompt;
        }
        await writing;
        Assert.Equal(Writes, _counts.Read().Tokens.Completion);
    }
}
