using Podvirt.Configuration;

namespace Podvirt.Tests.Configuration;

public class ConsoleReaderTests
{
    private const string Model = "models: [{ id: m, type: chat, engine: { kind: simulated }, gpu: { memory: 4GiB } }]\n";

    [Fact]
    public void Console_IsReadAndLeftToItsDefaults()
    {
        Assert.Equal(new ConsoleSettings(), Read(Model).Console);
        Assert.Equal(
            new ConsoleSettings { FramesTime = TimeSpan.FromHours(2), FramesBytes = 1 << 20, RunningAnswers = 5 },
            Read(Model + "console: { frames_time: 2h, frames_bytes: 1MiB, running_answers: 5 }").Console);
    }

    [Theory]
    [InlineData("frames_time: 1s", "console.frames_time")]
    [InlineData("frames_bytes: 1KiB", "console.frames_bytes")]
    [InlineData("running_answers: 0", "console.running_answers")]
    [InlineData("frame_time: 1h", "console.frame_time")]
    public void WrongValue_IsNamed(string setting, string path)
    {
        var error = Assert.Single(Assert.Throws<PodvirtConfigException>(() => Read($"{Model}console: {{ {setting} }}")).Errors);
        Assert.Equal(path, error.Key);
    }

    private static PodvirtConfig Read(string yaml) => ConfigReader.Read(yaml, "podvirt.yaml", _ => null);
}
