using Podvirt.Core.Gpus;
using Podvirt.Core.Models;
using Podvirt.Scheduler.Engines;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Engines;

public class EngineCommandTests
{
    private readonly EngineCommandBuilder _builder = new("vllm", ["dotnet", "/opt/sim.dll"], "/data/gpus");

    [Fact]
    public void Vllm_GetsItsShareAndItsGpus()
    {
        var model = Make.Model("qwen", gib: 20, count: 2) with
        {
            Engine = new EngineSpec { Kind = EngineKind.Vllm, Model = "Qwen/Qwen3-8B", Args = ["--max-model-len", "32768"] },
        };
        var command = Build(model, Real(2));

        Assert.Equal(
            "vllm serve Qwen/Qwen3-8B --host 127.0.0.1 --port 4000 --served-model-name qwen --enable-sleep-mode "
            + "--gpu-memory-utilization 0.25 --tensor-parallel-size 2 --max-model-len 32768",
            string.Join(' ', command.Arguments));
        Assert.Equal(
            [
                new("CUDA_DEVICE_ORDER", "PCI_BUS_ID"), new("CUDA_VISIBLE_DEVICES", "GPU-0,GPU-1"),
                new("VLLM_API_KEY", "key"), new("VLLM_SERVER_DEV_MODE", "1"),
            ],
            command.Environment.OrderBy(pair => pair.Key, StringComparer.Ordinal));
    }

    [Fact]
    public void VllmOmni_IsTheSameWithASwitch()
    {
        var model = Make.Model("wan", kind: EngineKind.VllmOmni);
        Assert.Equal(
            "vllm serve test/wan --host 127.0.0.1 --port 4000 --served-model-name wan --enable-sleep-mode "
            + "--gpu-memory-utilization 0.25 --omni",
            string.Join(' ', Build(model, Real(1)).Arguments));
    }

    [Fact]
    public void ServedAs_IsTheNameThatTheEngineGets()
    {
        var model = Make.Model("qwen", kind: EngineKind.Vllm);
        var arguments = Build(model with { Engine = model.Engine with { ServedAs = "q" } }, Real(1)).Arguments;
        Assert.Equal("q", arguments[arguments.ToList().IndexOf("--served-model-name") + 1]);
    }

    [Fact]
    public void LessMemoryThanTheNeed_IsASmallerShare()
    {
        var model = Make.Model("qwen", gib: 80, kind: EngineKind.Vllm);
        Assert.Contains("0.9625", _builder.Build(model, Real(1), 77 * Make.GiB, EngineListen.Loopback(4000), "key").Arguments);
    }

    [Theory]
    [InlineData("--tensor-parallel-size=4")]
    [InlineData("--tensor_parallel_size")]
    [InlineData("-tp")]
    public void OperatorWhoSplitsTheModel_IsNotContradicted(string argument)
    {
        var model = Make.Model("qwen", count: 8, kind: EngineKind.Vllm);
        var arguments = Build(model with { Engine = model.Engine with { Args = [argument] } }, Real(8)).Arguments;
        Assert.DoesNotContain("8", arguments);
        Assert.Equal(argument, arguments[^1]);
    }

    [Fact]
    public void ModelWithoutGpus_SeesNone()
    {
        var model = Make.Model("tiny", kind: EngineKind.Vllm) with { Gpu = new GpuNeed(0) };
        var command = Build(model, []);
        Assert.Equal("", command.Environment["CUDA_VISIBLE_DEVICES"]);
        Assert.DoesNotContain("--gpu-memory-utilization", command.Arguments);
    }

    [Fact]
    public void Simulated_GetsItsAccount()
    {
        var model = Make.Model("e", gib: 10) with { Type = ModelType.Embedding };
        var command = Build(model, Make.Gpus(1, 80));
        Assert.Equal(
            "dotnet /opt/sim.dll serve test/e --host 127.0.0.1 --port 4000 --served-model-name e --enable-sleep-mode "
            + "--gpu-memory-utilization 0.25 --sim-gpu-dir /data/gpus --sim-gpu-memory 85899345920 --sim-type embedding",
            string.Join(' ', command.Arguments));
        Assert.Equal("SIM-0", command.Environment["CUDA_VISIBLE_DEVICES"]);
    }

    [Fact]
    public void SimulatedVideoModel_IsServedAsVllmOmniWouldServeIt()
    {
        var model = Make.Model("wan") with { Type = ModelType.VideoGeneration, Engine = new EngineSpec { Kind = EngineKind.Simulated, Args = ["--sim-sleep", "1s"] } };
        Assert.Equal(["--omni", "--sim-type", "video", "--sim-sleep", "1s"], Build(model, Make.Gpus(1, 80)).Arguments.TakeLast(5));
    }

    [Fact]
    public void Command_FillsItsTemplate_AndItsOwnEnvironmentWins()
    {
        var model = Make.Model("l") with
        {
            Engine = new EngineSpec
            {
                Kind = EngineKind.Command,
                Model = "/models/l.gguf",
                Args = ["--log={model}"],
                Command = ["llama-server", "-m", "{model}", "--port={port}", "--gpus", "{gpus}"],
                Env = new Dictionary<string, string> { ["CUDA_VISIBLE_DEVICES"] = "7" },
                ApiKeyEnv = "LLAMA_API_KEY",
            },
        };
        var command = Build(model, Make.Gpus(2, 80));
        Assert.Equal(["llama-server", "-m", "/models/l.gguf", "--port=4000", "--gpus", "0,1", "--log=/models/l.gguf"], command.Arguments);
        Assert.Equal("7", command.Environment["CUDA_VISIBLE_DEVICES"]);
        Assert.Equal("key", command.Environment["LLAMA_API_KEY"]);
    }

    [Theory]
    [InlineData(EngineKind.Vllm)]
    [InlineData(EngineKind.VllmOmni)]
    [InlineData(EngineKind.Simulated)]
    [InlineData(EngineKind.Command)]
    public void Key_IsNeverAnArgument(EngineKind kind)
    {
        var model = Make.Model("m", kind: kind);
        var command = Build(model with { Engine = model.Engine with { Command = ["serve", "{port}"] } }, Make.Gpus(1, 80), "s3cret");
        Assert.DoesNotContain(command.Arguments, argument => argument.Contains("s3cret", StringComparison.Ordinal));
        Assert.Equal("s3cret", command.Environment["VLLM_API_KEY"]);
    }

    [Theory]
    [InlineData(20, 80, "0.25")]
    [InlineData(20, 24, "0.8333")]
    [InlineData(80, 80, "1")]
    [InlineData(1, 3, "0.3333")]
    public void Share_IsRoundedDown(int gib, int total, string share) =>
        Assert.Equal(share, EngineCommandBuilder.Utilization(gib * Make.GiB, Make.Gpus(1, total)));

    private static IReadOnlyList<GpuDevice> Real(int count) =>
        [.. Enumerable.Range(0, count).Select(index => new GpuDevice($"GPU-{index}", index, "box", "H100", 80 * Make.GiB, Simulated: false))];

    private EngineCommand Build(ModelSpec model, IReadOnlyList<GpuDevice> gpus, string key = "key") =>
        _builder.Build(model, gpus, 20 * Make.GiB, EngineListen.Loopback(4000), key);
}
