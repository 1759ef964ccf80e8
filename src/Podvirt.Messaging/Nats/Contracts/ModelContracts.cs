using Podvirt.Core.Models;

namespace Podvirt.Messaging.Nats.Contracts;

/// <summary>A catalog's entry, as a part of the route table.</summary>
internal static class ModelContracts
{
    public static void Write(ref FieldWriter w, ModelSpec model)
    {
        w.Begin(11);
        w.Text(model.Id);
        w.Text(model.Vendor);
        w.Text(model.Name);
        w.Enumerated(model.Type);
        w.Optional(model.Engine, WriteEngine);
        w.Optional(model.Gpu, WriteGpu);
        w.Optional(model.Replicas, WriteReplicas);
        w.Optional(model.Idle, WriteIdle);
        w.Optional(model.Price, WritePrice);
        w.Optional(model.Video, WriteVideo);
        w.Number(model.Revision);
    }

    /// <summary>Null: of a type that only a newer sender knows, so that nothing here could serve it.</summary>
    public static ModelSpec? Read(ref FieldReader r)
    {
        var outer = r.Begin();
        var (id, vendor, name, type) = (r.Text(), r.Text(), r.Text(), r.OptionalEnum<ModelType>());
        var model = new ModelSpec
        {
            Id = id,
            Vendor = vendor,
            Name = name,
            Type = type ?? default,
            Engine = r.Optional(ReadEngine) ?? new EngineSpec { Kind = EngineKind.Command },
            Gpu = r.Optional(ReadGpu) ?? new GpuNeed(),
            Replicas = r.Optional(ReadReplicas) ?? new ReplicaRange(),
            Idle = r.Optional(ReadIdle) ?? IdleSpec.Auto,
            Price = r.Optional(ReadPrice),
            Video = r.Optional(ReadVideo),
            Revision = r.Int(missing: 1),
        };
        r.End(outer);
        return type is null ? null : model;
    }

    private static void WriteEngine(ref FieldWriter w, EngineSpec engine)
    {
        w.Begin(11);
        w.Enumerated(engine.Kind);
        w.Text(engine.Model);
        w.Texts(engine.Args);
        w.Map(engine.Env);
        w.Texts(engine.Command);
        w.Text(engine.ReadyPath);
        w.Text(engine.Url?.OriginalString);
        w.Text(engine.ServedAs);
        w.Text(engine.ApiKeyEnv);
        w.Span(engine.StartTimeout);
        w.Span(engine.TokenTimeout);
    }

    private static EngineSpec ReadEngine(ref FieldReader r)
    {
        var outer = r.Begin();
        // A kind that is not known is started by somebody who knows it; here it is only called.
        var engine = new EngineSpec
        {
            Kind = r.Enumerated(EngineKind.Command),
            Model = r.Text(),
            Args = r.Texts(),
            Env = r.Map(),
            Command = r.Texts(),
            ReadyPath = r.OptionalText() ?? "/health",
            Url = r.OptionalText() is { } url ? new Uri(url) : null,
            ServedAs = r.OptionalText(),
            ApiKeyEnv = r.OptionalText(),
        };
        var (start, token) = (r.OptionalSpan(), r.OptionalSpan());
        r.End(outer);
        return engine with { StartTimeout = start ?? engine.StartTimeout, TokenTimeout = token ?? engine.TokenTimeout };
    }

    private static void WriteGpu(ref FieldWriter w, GpuNeed gpu)
    {
        w.Begin(2);
        w.Number(gpu.Count);
        w.Number(gpu.MemoryBytes);
    }

    private static GpuNeed ReadGpu(ref FieldReader r)
    {
        var outer = r.Begin();
        var gpu = new GpuNeed(r.Int(missing: 1), r.Number());
        r.End(outer);
        return gpu;
    }

    private static void WriteReplicas(ref FieldWriter w, ReplicaRange replicas)
    {
        w.Begin(3);
        w.Number(replicas.Min);
        w.Number(replicas.Max);
        w.Number(replicas.Concurrency);
    }

    private static ReplicaRange ReadReplicas(ref FieldReader r)
    {
        var outer = r.Begin();
        var replicas = new ReplicaRange(r.Int(), r.Int(missing: 1), r.Int(missing: 64));
        r.End(outer);
        return replicas;
    }

    private static void WriteIdle(ref FieldWriter w, IdleSpec idle)
    {
        w.Begin(2);
        w.Span(idle.SleepAfter);
        w.Span(idle.StopAfter);
    }

    private static IdleSpec ReadIdle(ref FieldReader r)
    {
        var outer = r.Begin();
        var idle = new IdleSpec(r.OptionalSpan(), r.OptionalSpan());
        r.End(outer);
        return idle;
    }

    private static void WritePrice(ref FieldWriter w, PriceSpec price)
    {
        w.Begin(5);
        w.Decimal(price.Prompt);
        w.Decimal(price.Cached);
        w.Decimal(price.Completion);
        w.Decimal(price.Embedding);
        w.Decimal(price.VideoSecond);
    }

    private static PriceSpec ReadPrice(ref FieldReader r)
    {
        var outer = r.Begin();
        var price = new PriceSpec(r.Decimal(), r.Decimal(), r.Decimal(), r.OptionalDecimal(), r.Decimal());
        r.End(outer);
        return price;
    }

    private static void WriteVideo(ref FieldWriter w, VideoSpec video)
    {
        w.Begin(4);
        w.Texts(video.Sizes);
        w.Decimals(video.Seconds);
        w.Decimal(video.MaxSeconds);
        w.Number(video.Fps);
    }

    private static VideoSpec ReadVideo(ref FieldReader r)
    {
        var outer = r.Begin();
        var video = new VideoSpec(r.Texts(), r.Decimals(), r.OptionalDecimal(), r.OptionalInt());
        r.End(outer);
        return video;
    }
}
