using Microsoft.Extensions.DependencyInjection;
using Podvirt.Catalogs;
using Podvirt.Configuration;
using Podvirt.Gateway;
using Podvirt.Messaging;
using Podvirt.Metering;
using Podvirt.Metering.Rating;
using Podvirt.Metering.Streams;
using Podvirt.Scheduler;

namespace Podvirt.Hosting;

/// <summary>Hands each room the options that come from <c>podvirt.yaml</c>.</summary>
internal static class Rooms
{
    public static void AddStoresAndMetering(IServiceCollection services, PodvirtOptions options, PodvirtConfig config)
    {
        services.AddPodvirtEmbeddedMessaging(options.DataDirectory);
        services.AddPodvirtMetering(MeteringOptionsOf(options, config));
        AddRecordPrice(services);
    }

    public static void AddRecordPrice(IServiceCollection services) =>
        services.AddSingleton<RecordPrice>(static p =>
        {
            var store = p.GetRequiredService<IStateStore>();
            var time = p.GetRequiredService<TimeProvider>();
            var rates = p.GetRequiredService<RateBook>();
            return async (model, price, cancellationToken) =>
            {
                await RateWriter.ApplyPriceAsync(store, model, price, time.GetUtcNow(), cancellationToken);
                // Whoever asks next is told the new price.
                await rates.RefreshAsync([model], cancellationToken);
            };
        });

    public static void AddScheduler(IServiceCollection services, PodvirtOptions options, PodvirtConfig config) =>
        services.AddPodvirtScheduler(SchedulerOptionsOf(options, config));

    public static void AddGateway(IServiceCollection services, PodvirtOptions options, PodvirtConfig config)
    {
        config.Videos.Directory = Path.Combine(options.DataDirectory, "videos");
        services.AddPodvirtGateway(OptionsOf(config));
    }

    internal static MeteringOptions MeteringOptionsOf(PodvirtOptions options, PodvirtConfig config) => new()
    {
        DataDirectory = options.DataDirectory,
        Billing = config.Billing,
        ServeUnsaved = config.Metering.ServeUnsaved,
        UnsavedRecordsMax = config.Metering.UnsavedRecords,
        UnsavedBytesMax = config.Metering.UnsavedBytes,
        RepliesMax = config.Metering.KeptReplies,
        ReplyBytesMax = config.Metering.KeptReplyBytes,
    };

    internal static UsageStreamOptions UsageStreamOptionsOf(PodvirtConfig config) => new()
    {
        WaitsForStream = config.Metering.WaitsForStream,
        StreamWait = config.Metering.StreamWait,
        BytesMax = config.Metering.StreamBytes,
        SentMax = config.Metering.SentRecords,
    };

    internal static SchedulerOptions SchedulerOptionsOf(PodvirtOptions options, PodvirtConfig config) => new()
    {
        DataPath = options.DataDirectory,
        Gpus = config.Gpus.Devices,
        SimulatorPath = options.SimulatorPath,
        PlacementOrder = config.Scheduler.Placement,
        MemoryPrice = (double)config.Scheduler.MemoryPrice,
        HostMemoryBytes = config.Scheduler.HostMemoryBytes,
        ResidencyMin = config.Scheduler.ResidencyMin,
        ScaleInShare = (double)config.Scheduler.ScaleInShare,
        ScaleInAfter = config.Scheduler.ScaleInAfter,
        PrewarmByTimeOfDay = config.Scheduler.Prewarm,
    };

    internal static GatewayOptions OptionsOf(PodvirtConfig config) => new()
    {
        BodyBytesMax = config.Limits.MaxBodyBytes,
        ParkedRequestsMax = config.Limits.ParkedRequests,
        ParkedBytesMax = config.Limits.ParkedBytes,
        ParkedTimeMax = config.Limits.MaxWait,
        DrainTimeout = config.Limits.Drain,
        ReservedPromptMax = config.Limits.ReservePrompt,
        ReservedCompletionMax = config.Limits.ReserveCompletion,
        CommentGrace = config.Gateway.CommentGrace,
        CommentInterval = config.Gateway.CommentInterval,
        ConnectTimeout = config.Gateway.ConnectTimeout,
        HeadTimeout = config.Gateway.HeadTimeout,
        IdleConnectionTimeMax = config.Gateway.IdleTimeout,
        ReplicaSuspension = config.Gateway.Suspension,
        AttemptsMax = config.Gateway.Attempts,
        AffinityBound = (double)config.Gateway.AffinityBound,
        ClientRateMin = config.Gateway.ClientRate,
        ClientGrace = config.Gateway.ClientGrace,
        IoThreads = config.Gateway.IoThreads,
        KeptResponsesMax = config.Gateway.KeptResponses,
        KeptResponseTime = config.Gateway.KeptResponseTime,
        ChunkWaitMax = config.Gateway.ChunkWait,
        CheckpointInterval = config.Metering.CheckpointInterval,
        IdempotencyTime = config.Metering.IdempotencyTime,
        IdempotencyWait = config.Metering.IdempotencyWait,
        SharedRepliesMax = config.Metering.KeptReplies,
        SharedReplyBytesMax = config.Metering.KeptReplyBytes,
        Videos = config.Videos,
    };
}
