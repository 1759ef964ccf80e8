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
        var command = _builder.Build(model, Make.Gpus(2, 80, first: 4), 20 * Make.GiB, 4000, "key");

        Assert.Equal(
            "vllm serve Qwen/Qwen3-8B --host 127.0.0.1 --port 4000 --served-model-name qwen --enable-sleep-mode "
            + "--gpu-memory-utilization 0.25 --tensor-parallel-size 2 --max-model-len 32768",
            string.Join(' ', command.Arguments));
        Assert.Equal("4,5", command.Environment["CUDA_VISIBLE_DEVICES"]);
        Assert.Equal("PCI_BUS_ID", command.Environment["CUDA_DEVICE_ORDER"]);
        Assert.Equal("key", command.Environment["VLLM_API_KEY"]);
        Assert.Equal("1", command.Environment["VLLM_SERVER_DEV_MODE"]);
    }

    [Fact]
    public void VllmOmni_SaysSo()
    {
        var model = Make.Model("wan", kind: EngineKind.VllmOmni);
        Assert.Contains("--omni", _builder.Build(model, Make.Gpus(1, 80), 20 * Make.GiB, 4000, "key").Arguments);
    }

    [Fact]
    public void Simulated_GetsItsAccount()
    {
        var model = Make.Model("e", gib: 10) with { Type = ModelType.Embedding };
        var arguments = string.Join(' ', _builder.Build(model, Make.Gpus(1, 80), 20 * Make.GiB, 4000, "key").Arguments);
        Assert.StartsWith("dotnet /opt/sim.dll serve test/e ", arguments, StringComparison.Ordinal);
        Assert.EndsWith("--sim-gpu-dir /data/gpus --sim-gpu-memory 85899345920 --sim-type embedding", arguments, StringComparison.Ordinal);
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
                Args = ["--verbose"],
                Command = ["llama-server", "-m", "{model}", "--port={port}", "--gpus", "{gpus}"],
                Env = new Dictionary<string, string> { ["CUDA_VISIBLE_DEVICES"] = "7" },
            },
        };
        var command = _builder.Build(model, Make.Gpus(2, 80), 20 * Make.GiB, 4000, "key");
        Assert.Equal(["llama-server", "-m", "/models/l.gguf", "--port=4000", "--gpus", "0,1", "--verbose"], command.Arguments);
        Assert.Equal("7", command.Environment["CUDA_VISIBLE_DEVICES"]);
    }

    [Theory]
    [InlineData(20, 80, "0.25")]
    [InlineData(20, 24, "0.8333")]
    [InlineData(80, 80, "1")]
    [InlineData(1, 3, "0.3333")]
    public void Share_IsRoundedDown(int gib, int total, string share) =>
        Assert.Equal(share, EngineCommandBuilder.Utilization(gib * Make.GiB, Make.Gpus(1, total)));
}
