using Podvirt.Configuration;
using Podvirt.Core.Models;
using Podvirt.Gateway;
using Podvirt.Hosting;
using Podvirt.Metering;
using Podvirt.Metering.Streams;
using Podvirt.Scheduler;

namespace Podvirt.Tests.Configuration;

public sealed class ConfigReaderTests
{
    private const string Model = """
        models:
          - id: m
            type: chat
            engine: { kind: simulated }
            gpu: { memory: 20GiB }
        """;

    [Fact]
    public void EveryKeyOfTheSchema_IsRead()
    {
        var config = Read("""
            public_url: https://inference.example.com
            cors: { origins: ["https://App.example.com", "*"] }
            gpus: { simulated: { count: 2, type: H100, memory: 80GiB } }
            limits: { max_body: 1MiB, parked_requests: 5, parked_bytes: 2MiB, max_wait: 90s, drain: 1m }
            gateway:
              comment_grace: 0s
              comment_interval: 250ms
              connect_timeout: 50ms
              head_timeout: 1h
              idle_timeout: 20s
              suspension: 0s
              attempts: 2
              affinity_bound: 1.5
              client_rate: 512B
              client_grace: 1m
              client_head_timeout: 5s
              client_idle_timeout: 70s
              io_threads: 7
              listen_h2c: http://127.0.0.1:8081
            metering: { serve_unsaved: true, unsaved_records: 7, unsaved_bytes: 1MiB, checkpoint_interval: 250ms }
            models:
              - id: qwen/q3-8b
                vendor: Qwen
                name: Qwen3 8B
                type: code
                engine:
                  kind: vllm
                  model: Qwen/Qwen3-8B
                  args: ["--max-model-len", "32768"]
                  env: { HF_HOME: /models }
                  start_timeout: 15m
                  token_timeout: 1h30m
                  served_as: q
                gpu: { count: 2, memory: 20GiB }
                replicas: { min: 1, max: 3, concurrency: 8 }
                idle: { sleep_after: 60s, stop_after: 15m }
                price: { prompt: 0.05, cached: 0.01, completion: 0.20 }
            """);

        Assert.Equal(new Uri("https://inference.example.com"), config.PublicUrl);
        Assert.Equal(["https://app.example.com", "*"], config.CorsOrigins);
        Assert.Equal(["SIM-0", "SIM-1"], config.Gpus.Devices!.Select(d => d.Id));
        Assert.Equal(new Limits { MaxBodyBytes = 1 << 20, ParkedRequests = 5, ParkedBytes = 2 << 20, MaxWait = TimeSpan.FromSeconds(90), Drain = TimeSpan.FromMinutes(1) }, config.Limits);
        Assert.Equal(
            new GatewaySettings
            {
                CommentGrace = TimeSpan.Zero,
                CommentInterval = TimeSpan.FromMilliseconds(250),
                ConnectTimeout = TimeSpan.FromMilliseconds(50),
                HeadTimeout = TimeSpan.FromHours(1),
                IdleTimeout = TimeSpan.FromSeconds(20),
                Suspension = TimeSpan.Zero,
                Attempts = 2,
                AffinityBound = 1.5m,
                ClientRate = 512,
                ClientGrace = TimeSpan.FromMinutes(1),
                ClientHeadTimeout = TimeSpan.FromSeconds(5),
                ClientIdleTimeout = TimeSpan.FromSeconds(70),
                IoThreads = 7,
                ListenH2c = new Uri("http://127.0.0.1:8081"),
            },
            config.Gateway);
        Assert.Equal(
            new MeteringSettings { ServeUnsaved = true, UnsavedRecords = 7, UnsavedBytes = 1 << 20, CheckpointInterval = TimeSpan.FromMilliseconds(250) },
            config.Metering);
        var model = Assert.Single(config.Models);
        Assert.Equal(("qwen/q3-8b", "Qwen", "Qwen3 8B", ModelType.Code), (model.Id, model.Vendor, model.Name, model.Type));
        Assert.Equal((EngineKind.Vllm, "Qwen/Qwen3-8B", "q"), (model.Engine.Kind, model.Engine.Model, model.ServedAs));
        Assert.Equal(["--max-model-len", "32768"], model.Engine.Args);
        Assert.Equal("/models", model.Engine.Env["HF_HOME"]);
        Assert.Equal((TimeSpan.FromMinutes(15), TimeSpan.FromMinutes(90)), (model.Engine.StartTimeout, model.Engine.TokenTimeout));
        Assert.Equal(new GpuNeed(2, 20L << 30), model.Gpu);
        Assert.Equal(new ReplicaRange(1, 3, 8), model.Replicas);
        Assert.Equal(new IdleSpec(TimeSpan.FromSeconds(60), TimeSpan.FromMinutes(15)), model.Idle);
        Assert.Equal(new PriceSpec(0.05m, 0.01m, 0.20m), model.Price);
    }

    [Fact]
    public void OnlyWhatIsRequired_GivesTheDefaults()
    {
        var config = Read(Model);

        var model = Assert.Single(config.Models);
        Assert.Equal(("m", "m", (PriceSpec?)null), (model.Name, model.ServedAs, model.Price));
        Assert.Equal(new ReplicaRange(0, 1, 64), model.Replicas);
        Assert.Equal(IdleSpec.Auto, model.Idle);
        Assert.Null(config.Gpus.Devices);
        Assert.Equal(new Limits(), config.Limits);
        Assert.Equal(new GatewaySettings(), config.Gateway);
    }

    [Fact]
    public void ExternalAndCommandEngines_AreRead()
    {
        var config = Read(
            """
            models:
              - id: house
                type: chat
                engine: { kind: external, url: "http://10.0.0.5:8000", served_as: llama, api_key_env: HOUSE_KEY }
                replicas: { concurrency: 4 }
              - id: own
                type: embedding
                engine: { kind: command, command: [serve, "--port", "{port}"], ready: /up, api_key_env: SERVE_KEY }
                gpu: { count: 0 }
            """,
            ("HOUSE_KEY", "secret"));

        Assert.Equal(new Uri("http://10.0.0.5:8000"), config.Models[0].Engine.Url);
        Assert.Equal(("llama", "HOUSE_KEY"), (config.Models[0].ServedAs, config.Models[0].Engine.ApiKeyEnv));
        Assert.Equal(0, config.Models[0].Gpu.Count);
        Assert.Equal(["serve", "--port", "{port}"], config.Models[1].Engine.Command);
        Assert.Equal(("/up", "SERVE_KEY"), (config.Models[1].Engine.ReadyPath, config.Models[1].Engine.ApiKeyEnv));
    }

    [Theory]
    [InlineData("id: m", "id: 'a b'", "models[0].id", 2)]
    [InlineData("type: chat", "type: chatt", "models[0].type", 3)]
    [InlineData("type: chat", "typ: chat", "models[0].typ", 3)]
    [InlineData("type: chat", "type: [chat]", "models[0].type", 3)]
    [InlineData("type: chat", "type:", "models[0].type", 3)]
    [InlineData("kind: simulated", "kind: vlm", "models[0].engine.kind", 4)]
    [InlineData("kind: simulated", "kind: vllm", "models[0].engine.model", 4)]
    [InlineData("kind: simulated", "kind: command", "models[0].engine.command", 4)]
    [InlineData("kind: simulated", "kind: command, command: [serve]", "models[0].engine.command", 4)]
    [InlineData("kind: simulated", "kind: command, command: ['{port}'], ready: up", "models[0].engine.ready", 4)]
    [InlineData("kind: simulated", "kind: external", "models[0].engine.url", 4)]
    [InlineData("kind: simulated", "kind: external, url: ftp://x", "models[0].engine.url", 4)]
    [InlineData("kind: simulated", "kind: external, url: http://x:8000/v1/", "models[0].engine.url", 4)]
    [InlineData("kind: simulated", "kind: external, url: http://x", "models[0].gpu", 5)]
    [InlineData("kind: simulated", "kind: simulated, url: http://x", "models[0].engine.url", 4)]
    [InlineData("kind: simulated", "kind: simulated, start_timeout: 5", "models[0].engine.start_timeout", 4)]
    [InlineData("kind: simulated", "kind: simulated, token_timeout: 0s", "models[0].engine.token_timeout", 4)]
    [InlineData("kind: simulated", "kind: simulated, args: --x", "models[0].engine.args", 4)]
    [InlineData("kind: simulated", "kind: simulated, args: [[a]]", "models[0].engine.args[0]", 4)]
    [InlineData("kind: simulated", "kind: simulated, env: { '1A': b }", "models[0].engine.env.1A", 4)]
    [InlineData("kind: simulated", "kind: simulated, env: { VLLM_API_KEY: b }", "models[0].engine.env.VLLM_API_KEY", 4)]
    [InlineData("kind: simulated", "kind: simulated, env: { PODVIRT_REPLICA_NONCE: b }", "models[0].engine.env.PODVIRT_REPLICA_NONCE", 4)]
    [InlineData("kind: simulated", "kind: simulated, args: [--api-key, x]", "models[0].engine.args", 4)]
    [InlineData("kind: simulated", "kind: simulated, args: ['--gpu_memory_utilization=0.9']", "models[0].engine.args", 4)]
    [InlineData("kind: simulated", "kind: simulated, api_key_env: HOUSE_KEY", "models[0].engine.api_key_env", 4)]
    [InlineData("kind: simulated", "kind: command, command: ['{port}', '{prot}']", "models[0].engine.command", 4)]
    [InlineData("kind: simulated", "kind: command, command: ['{port}'], args: ['{gpu}']", "models[0].engine.args", 4)]
    [InlineData("kind: simulated", "kind: command, command: ['{port}'], api_key_env: sk-x", "models[0].engine.api_key_env", 4)]
    [InlineData("memory: 20GiB", "memory: 20GB", "models[0].gpu.memory", 5)]
    [InlineData("memory: 20GiB", "memory: 20", "models[0].gpu.memory", 5)]
    [InlineData("memory: 20GiB", "count: 1", "models[0].gpu.memory", 5)]
    [InlineData("memory: 20GiB", "memory: 20GiB, count: -1", "models[0].gpu.count", 5)]
    [InlineData("memory: 20GiB", "memory: 20GiB, memory: 30GiB", "models[0].gpu.memory", 5)]
    public void AWrongValue_IsReportedWithItsLineAndKey(string right, string wrong, string key, int line)
    {
        var error = Assert.Single(Errors(Model.Replace(right, wrong, StringComparison.Ordinal)), e => e.Key == key);

        Assert.Equal(line, error.Line);
        Assert.NotEmpty(error.Remedy);
    }

    [Theory]
    [InlineData("replicas: { min: 3, max: 2 }", "models[0].replicas.max")]
    [InlineData("replicas: { concurrency: 0 }", "models[0].replicas.concurrency")]
    [InlineData("replicas: 3", "models[0].replicas")]
    [InlineData("idle: never", "models[0].idle")]
    [InlineData("idle: { sleep_after: 5m, stop_after: 1m }", "models[0].idle.stop_after")]
    [InlineData("idle: { sleep_after: 1x }", "models[0].idle.sleep_after")]
    [InlineData("price: { prompt: -1 }", "models[0].price.prompt")]
    [InlineData("price: { prompt: 0.0000001 }", "models[0].price.prompt")]
    [InlineData("price: { cached: free }", "models[0].price.cached")]
    [InlineData("price: { completion: 9999999 }", "models[0].price.completion")]
    [InlineData("name: ''", "models[0].name")]
    [InlineData("plans: []", "models[0].plans")]
    public void AWrongModelKey_IsReportedOnItsLine(string extra, string key)
    {
        var error = Assert.Single(Errors($"{Model}\n    {extra}"));

        Assert.Equal((key, 6), (error.Key, error.Line));
    }

    [Theory]
    [InlineData("budgets: []", "budgets")]
    [InlineData("gpus: some", "gpus")]
    [InlineData("gpus: { count: 2 }", "gpus.simulated")]
    [InlineData("gpus: { simulated: { count: 0 } }", "gpus.simulated.count")]
    [InlineData("gpus: [{ id: GPU-1, type: H100 }]", "gpus[0].memory")]
    [InlineData("gpus: [{ id: a, type: H100, memory: 1GiB }, { id: a, type: H100, memory: 1GiB }]", "gpus[1].id")]
    [InlineData("gpus: [{ id: a, index: 1, type: H100, memory: 1GiB }, { id: b, type: H100, memory: 1GiB }]", "gpus[1].index")]
    [InlineData("limits: { drain: 2h }", "limits.drain")]
    [InlineData("limits: { max_body: 1B }", "limits.max_body")]
    [InlineData("limits: { parked_requests: many }", "limits.parked_requests")]
    [InlineData("metering: true", "metering")]
    [InlineData("metering: { serve_unsaved: maybe }", "metering.serve_unsaved")]
    [InlineData("metering: { unsaved_records: 0 }", "metering.unsaved_records")]
    [InlineData("metering: { unsaved_bytes: 1000 }", "metering.unsaved_bytes")]
    [InlineData("metering: { checkpoint_interval: 2s }", "metering.checkpoint_interval")]
    [InlineData("metering: { idempotency_time: 0s }", "metering.idempotency_time")]
    [InlineData("metering: { idempotency_wait: 2h }", "metering.idempotency_wait")]
    [InlineData("metering: { kept_replies: 0 }", "metering.kept_replies")]
    [InlineData("metering: { kept_reply_bytes: 1B }", "metering.kept_reply_bytes")]
    [InlineData("metering: { durability: disk }", "metering.durability")]
    [InlineData("metering: { stream_wait: 1ms }", "metering.stream_wait")]
    [InlineData("metering: { stream_bytes: 1KiB }", "metering.stream_bytes")]
    [InlineData("metering: { sent_records: 10 }", "metering.sent_records")]
    [InlineData("gateway: 5s", "gateway")]
    [InlineData("gateway: { comment_grace: 2m }", "gateway.comment_grace")]
    [InlineData("gateway: { comment_interval: 0s }", "gateway.comment_interval")]
    [InlineData("gateway: { connect_timeout: 5 }", "gateway.connect_timeout")]
    [InlineData("gateway: { head_timeout: 0s }", "gateway.head_timeout")]
    [InlineData("gateway: { idle_timeout: 0s }", "gateway.idle_timeout")]
    [InlineData("gateway: { suspension: 1h }", "gateway.suspension")]
    [InlineData("gateway: { attempts: 0 }", "gateway.attempts")]
    [InlineData("gateway: { kept_responses: -1 }", "gateway.kept_responses")]
    [InlineData("gateway: { kept_response_time: 0s }", "gateway.kept_response_time")]
    [InlineData("gateway: { affinity_bound: 0.9 }", "gateway.affinity_bound")]
    [InlineData("gateway: { affinity_bound: '1,25' }", "gateway.affinity_bound")]
    [InlineData("gateway: { client_rate: 1024 }", "gateway.client_rate")]
    [InlineData("gateway: { client_rate: 0B }", "gateway.client_rate")]
    [InlineData("gateway: { client_grace: 1s }", "gateway.client_grace")]
    [InlineData("gateway: { client_head_timeout: 1h }", "gateway.client_head_timeout")]
    [InlineData("gateway: { client_idle_timeout: 0s }", "gateway.client_idle_timeout")]
    [InlineData("gateway: { io_threads: 0 }", "gateway.io_threads")]
    [InlineData("gateway: { listen_h2c: 8081 }", "gateway.listen_h2c")]
    [InlineData("gateway: { listen_h2c: 'https://127.0.0.1:8081' }", "gateway.listen_h2c")]
    [InlineData("gateway: { listen_h2c: 'http://127.0.0.1:0' }", "gateway.listen_h2c")]
    [InlineData("gateway: { listen: 'http://127.0.0.1:1' }", "gateway.listen")]
    [InlineData("scheduler: pack", "scheduler")]
    [InlineData("scheduler: { placement: tight }", "scheduler.placement")]
    [InlineData("scheduler: { memory_price: -1 }", "scheduler.memory_price")]
    [InlineData("scheduler: { host_memory: 64 }", "scheduler.host_memory")]
    [InlineData("scheduler: { residency_min: 2h }", "scheduler.residency_min")]
    [InlineData("scheduler: { scale_in_share: 2 }", "scheduler.scale_in_share")]
    [InlineData("scheduler: { scale_in_after: soon }", "scheduler.scale_in_after")]
    [InlineData("scheduler: { prewarm: maybe }", "scheduler.prewarm")]
    [InlineData("cors: { origins: ['https://x/path'] }", "cors.origins")]
    [InlineData("public_url: /inference", "public_url")]
    public void AWrongTopLevelKey_IsReportedOnItsLine(string extra, string key)
    {
        var error = Assert.Single(Errors($"{Model}\n{extra}"), e => e.Key == key);

        Assert.Equal(6, error.Line);
    }

    [Fact]
    public void SeveralMistakes_AreAllReportedInOrder()
    {
        var errors = Errors("""
            modles: []
            models:
              - id: a
                type: chatt
                engine: { kind: simulated, modle: x }
                gpu: { memory: 20 }
              - id: a
                type: chat
                engine: { kind: simulated }
                gpu: { memory: 1GiB }
                price: { prompt: 0.1234567 }
            """);

        Assert.Equal(
            [
                "podvirt.yaml:1: modles: is not a key that exists; did you mean 'models'?",
                "podvirt.yaml:4: models[0].type: 'chatt' is not a type; choose one of chat, code, embedding, video-generation",
                "podvirt.yaml:5: models[0].engine.modle: is not a key that exists; did you mean 'model'?",
                "podvirt.yaml:6: models[0].gpu.memory: '20' is not an amount of memory; write a number and a binary unit, such as 20GiB or 512MiB",
                "podvirt.yaml:7: models[1].id: 'a' is taken by the model on line 3; give each model its own id",
                "podvirt.yaml:11: models[1].price.prompt: 0.1234567 has more than 6 decimals; round it to 0.123457",
            ],
            errors.Select(e => e.ToString()));
    }

    [Theory]
    [InlineData("", 1)]
    [InlineData("# nothing", 1)]
    [InlineData("models: [", 1)]
    [InlineData("gpus: auto\nmodels: *unknown", 2)]
    [InlineData("- a", 1)]
    [InlineData("gpus: auto", 1)]
    [InlineData("models: {}", 1)]
    public void AFileThatIsNoConfiguration_IsReported(string text, int line) => Assert.Equal(line, Assert.Single(Errors(text)).Line);

    [Fact]
    public void AKeyVariableThatIsNotSet_IsNamed()
    {
        var error = Assert.Single(Errors("""
            models:
              - id: house
                type: chat
                engine: { kind: external, url: "http://10.0.0.5:8000", api_key_env: HOUSE_KEY }
            """));

        Assert.Contains("HOUSE_KEY", error.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sk-secret", true)]
    [InlineData(" sk-secret\r\n", true)]
    [InlineData("sk-secret\r\nX-Admin: 1", false)]
    [InlineData("sk-secret\nsk-secret", false)]
    [InlineData("sk-secret ü", false)]
    [InlineData(" \n", false)]
    public void AKey_IsOneWordOfPlainCharacters(string value, bool accepted)
    {
        const string Text = """
            models:
              - id: house
                type: chat
                engine: { kind: external, url: "http://10.0.0.5:8000", api_key_env: HOUSE_KEY }
            """;
        if (accepted)
        {
            Read(Text, ("HOUSE_KEY", value));
            return;
        }
        var error = Assert.Single(Assert.Throws<PodvirtConfigException>(() => Read(Text, ("HOUSE_KEY", value))).Errors);
        Assert.Contains("HOUSE_KEY", error.Problem, StringComparison.Ordinal);
        Assert.DoesNotContain("sk-secret", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void AKeyInPlaceOfAVariable_IsNotRepeated()
    {
        var error = Assert.Single(Errors("""
            models:
              - id: house
                type: chat
                engine: { kind: external, url: "http://10.0.0.5:8000", api_key_env: "sk-very-secret" }
            """));

        Assert.DoesNotContain("sk-very-secret", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void WhatPodvirtTellsTheEngineItself_IsRefusedWithTheKeyToUse() => Assert.Equal(
        [
            "podvirt.yaml:4: models[0].engine.args: --gpu-memory-utilization is set by Podvirt; write gpu: { memory: 20GiB }, from which it is computed",
            "podvirt.yaml:4: models[0].engine.args: --served-model-name is set by Podvirt; write served_as",
        ],
        Errors(Model.Replace("kind: simulated", "kind: simulated, args: [--gpu-memory-utilization=0.5, --served-model-name, x]", StringComparison.Ordinal))
            .Select(e => e.ToString()));

    [Fact]
    public void AModelThatNoGpuCanHold_IsAWarning()
    {
        var config = Read(Model + "\ngpus: { simulated: { memory: 10GiB } }");

        Assert.Contains("20GiB", Assert.Single(config.Warnings).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void ParkingThatIsSmallerThanABody_IsAWarning() =>
        Assert.Equal("limits.parked_bytes", Assert.Single(Read(Model + "\nlimits: { parked_bytes: 1MiB }").Warnings).Key);

    [Fact]
    public void OnlyWhatIsRequired_GivesTheSchedulersOwnDefaults() =>
        Assert.Equivalent(
            new SchedulerOptions { DataPath = "d", Gpus = Read(Model).Gpus.Devices },
            Rooms.SchedulerOptionsOf(new PodvirtOptions { DataDirectory = "d" }, Read(Model)), strict: true);

    [Fact]
    public void SchedulerOptions_ComeFromTheFile()
    {
        var options = Rooms.SchedulerOptionsOf(new PodvirtOptions(), Read(Model + """

            scheduler: { placement: spread, memory_price: 0.5, host_memory: 64GiB, residency_min: 1s, scale_in_share: 0.5, scale_in_after: 5m, prewarm: true }
            """));
        Assert.Equal(
            (PlacementOrder.Spread, 0.5, 64L << 30, TimeSpan.FromSeconds(1), 0.5, TimeSpan.FromMinutes(5), true),
            (options.PlacementOrder, options.MemoryPrice, options.HostMemoryBytes!.Value, options.ResidencyMin, options.ScaleInShare,
                options.ScaleInAfter, options.PrewarmByTimeOfDay));
    }

    // The gateway's own defaults are for hosts without a file; both say the same.
    [Fact]
    public void OnlyWhatIsRequired_GivesTheGatewaysOwnDefaults() =>
        Assert.Equivalent(new GatewayOptions(), Rooms.OptionsOf(Read(Model)), strict: true);

    [Fact]
    public void OnlyWhatIsRequired_GivesMeteringsOwnDefaults() => Assert.Equivalent(
        new MeteringOptions { DataDirectory = "d" }, Rooms.MeteringOptionsOf(new PodvirtOptions { DataDirectory = "d" }, Read(Model)), strict: true);

    [Fact]
    public void MeteringOptions_ComeFromTheFile()
    {
        var options = Rooms.MeteringOptionsOf(new PodvirtOptions(), Read(Model + "\nmetering: { serve_unsaved: true, unsaved_records: 7, unsaved_bytes: 1MiB, kept_replies: 8, kept_reply_bytes: 2MiB }\n"));
        Assert.Equal(
            (true, 7, 1L << 20, 8, 2L << 20), (options.ServeUnsaved, options.UnsavedRecordsMax, options.UnsavedBytesMax, options.RepliesMax, options.ReplyBytesMax));
    }

    [Fact]
    public void UsageStreamOptions_ComeFromTheFile()
    {
        Assert.Equivalent(new UsageStreamOptions(), Rooms.UsageStreamOptionsOf(Read(Model)), strict: true);
        var options = Rooms.UsageStreamOptionsOf(Read(Model + "\nmetering: { durability: stream, stream_wait: 3s, stream_bytes: 1GiB, sent_records: 5000 }\n"));
        Assert.Equal((true, TimeSpan.FromSeconds(3), 1L << 30, 5_000), (options.WaitsForStream, options.StreamWait, options.BytesMax, options.SentMax));
    }

    [Fact]
    public void EveryGatewayOption_ComesFromTheFile()
    {
        var options = Rooms.OptionsOf(Read(Model + """

            limits: { max_body: 1MiB, parked_requests: 5, parked_bytes: 2MiB, max_wait: 90s, drain: 1m, reserve_prompt: 3, reserve_completion: 4 }
            gateway: { comment_grace: 1s, comment_interval: 2s, connect_timeout: 1s, head_timeout: 1h, idle_timeout: 20s, suspension: 1s, attempts: 2, affinity_bound: 1.5, client_rate: 512B, client_grace: 1m, io_threads: 7, kept_responses: 8, kept_response_time: 1h, chunk_wait: 1s }
            metering: { checkpoint_interval: 1s, idempotency_time: 1h, idempotency_wait: 5s, kept_replies: 8, kept_reply_bytes: 2MiB }
            """));
        var defaults = new GatewayOptions();
        // Whether there are peers is the cluster's to say.
        Assert.All(typeof(GatewayOptions).GetProperties().Where(p => p.Name != nameof(GatewayOptions.HasPeers)), option => Assert.NotEqual(option.GetValue(defaults), option.GetValue(options)));
    }

    [Fact]
    public void ACachedPriceThatIsMissing_IsThePromptPrice() =>
        Assert.Equal(new PriceSpec(0.5m, 0.5m, 0), Read(Model + "\n    price: { prompt: 0.5 }").Models[0].Price);

    internal static PodvirtConfig Read(string text, params (string Name, string Value)[] environment) =>
        ConfigReader.Read(text, "podvirt.yaml", name => environment.FirstOrDefault(v => v.Name == name).Value);

    private static IReadOnlyList<ConfigError> Errors(string text) => Assert.Throws<PodvirtConfigException>(() => Read(text)).Errors;
}
