using Podvirt.Simulator.Options;

namespace Podvirt.Simulator.Tests.Options;

public sealed class OptionParserTests
{
    [Fact]
    public void AllForms_AreRead()
    {
        var options = Parse("serve", "org/m", "--port=1234", "--served-model-name", "a", "b", "--max_model_len", "100", "--sim-ttft", "1.5s",
            "--sim-gpu-asleep", "1.5GiB", "--sim-gpu-leak", "100", "--no-enable-prompt-tokens-details", "--sim-type=code", "--sim-fault", "die-after-tokens=3");
        Assert.Equal(1234, options.Port);
        Assert.Equal(["a", "b"], options.ServedModelNames);
        Assert.Equal(100, options.MaxModelLength);
        Assert.Equal(TimeSpan.FromSeconds(1.5), options.TimeToFirstToken);
        Assert.Equal(1_610_612_736, options.GpuAsleep);
        Assert.Equal(100, options.GpuLeak);
        Assert.False(options.PromptTokensDetails);
        Assert.Equal(ModelKind.Code, options.Kind);
        Assert.Equal(3, Assert.Single(options.Faults).Number);
    }

    [Fact]
    public void NoServedName_IsTheModelsName() => Assert.Equal(["org/m"], Parse("serve", "org/m").ServedModelNames);

    [Fact]
    public void Environment_GivesKeyAndDevMode()
    {
        Assert.True(OptionParser.TryParse(
            ["serve", "m"], name => name == "VLLM_API_KEY" ? "secret" : name == "VLLM_SERVER_DEV_MODE" ? "1" : null, out var options, out _));
        Assert.Equal("secret", options.ApiKey);
        Assert.True(options.DevMode);
    }

    [Theory]
    [InlineData("--max-modle-len 5", "unknown option --max-modle-len; did you mean --max-model-len?")]
    [InlineData("--port 99999", "--port cannot be '99999'; it takes a whole number from 0 to 65535")]
    [InlineData("--sim-ttft 5", "--sim-ttft cannot be '5'; it takes a duration such as 250ms or 1.5s")]
    [InlineData("--sim-fault explode", "--sim-fault cannot be 'explode'; it takes one of die-after-tokens")]
    [InlineData("--sim-fault error-status=200", "--sim-fault cannot be 'error-status=200'; it takes error-status=CODE")]
    [InlineData("--sim-fault hang-video=blind", "--sim-fault cannot be 'hang-video=blind'; it takes hang-video or hang-video=deaf")]
    [InlineData("--sim-type video", "--sim-type video needs --omni")]
    [InlineData("--port", "--port needs a value: N")]
    [InlineData("--sim-thinking=maybe", "--sim-thinking cannot be 'maybe'; it takes no value")]
    [InlineData("other", "'other' is one name too many")]
    public void Mistake_IsNamed(string arguments, string message)
    {
        Assert.False(OptionParser.TryParse(["serve", "m", .. arguments.Split(' ')], _ => null, out _, out var error));
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    [Fact]
    public void TwoMistakes_AreBothNamed()
    {
        Assert.False(OptionParser.TryParse(["serve", "m", "--port", "x", "--nonsense", "1"], _ => null, out _, out var error));
        Assert.Equal(2, error.Split('\n').Length);
    }

    private static SimulatorOptions Parse(params string[] args)
    {
        Assert.True(OptionParser.TryParse(args, _ => null, out var options, out var error), error);
        return options;
    }
}
