using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Podvirt.Messaging;
using Podvirt.Messaging.Leases;
using Podvirt.Messaging.Nats;
using Podvirt.Metering.GpuTime;
using Podvirt.Metering.Invoices;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Outbox;
using Podvirt.Metering.Rating;
using Podvirt.Metering.Streams;

namespace Podvirt.Metering;

/// <summary>
/// Metering of a cluster; both parts may be in one process. They need NATS messaging, a ledger (<see cref="LedgerServices.AddPodvirtClickHouseLedger"/>) and
/// <see cref="MeteringServices.AddPodvirtBilling"/>.
/// </summary>
public static class UsageStreamServices
{
    /// <summary>
    /// A gateway's part: the outbox (<c>outbox.db</c>), the pump that publishes it, what a month has used, and whether usage moves on
    /// (<see cref="IUsageFlow"/>).
    /// </summary>
    /// <exception cref="ValidationException">An option is out of range.</exception>
    public static IServiceCollection AddPodvirtUsageOutbox(this IServiceCollection services, MeteringOptions options, UsageStreamOptions stream)
    {
        ArgumentNullException.ThrowIfNull(options);
        AddShared(services, stream);
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        MeteringServices.AddOutbox(services, options);
        services.AddSingleton(new SentRows(stream.SentMax));
        services.AddSingleton(static provider => new StreamWaits(
            provider.GetRequiredService<SqliteUsageOutbox>(), provider.GetRequiredService<SentRows>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new Confirmations(
            provider.GetRequiredService<SqliteUsageOutbox>(), provider.GetRequiredService<UsageStream>(), provider.GetRequiredService<StreamChain>(),
            provider.GetRequiredService<RecordedNews>(), provider.GetRequiredService<ILedger>(), provider.GetRequiredService<SentRows>(), stream,
            provider.GetRequiredService<MeteringMetrics>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<Confirmations>>()));
        services.AddHostedService(static provider => provider.GetRequiredService<Confirmations>());
        services.AddSingleton<IUsageFlow>(static provider => provider.GetRequiredService<StreamWaits>());
        services.AddSingleton<IUsageOutbox>(provider => stream.WaitsForStream
            ? new StreamedOutbox(
                provider.GetRequiredService<SqliteUsageOutbox>(), provider.GetRequiredService<StreamWaits>(), stream.StreamWait,
                provider.GetRequiredService<MeteringMetrics>())
            : provider.GetRequiredService<SqliteUsageOutbox>());
        services.AddSingleton<IConsumption>(provider => new StreamedConsumption(
            provider.GetRequiredService<SqliteUsageOutbox>(),
            new StreamUnderway(
                provider.GetRequiredService<UsageStream>(), provider.GetRequiredService<StreamChain>(), provider.GetRequiredService<RangeReader>(),
                provider.GetRequiredService<ILogger<StreamUnderway>>()),
            provider.GetRequiredService<ILedger>(), provider.GetRequiredService<RateBook>(), options));
        services.AddHostedService(provider => new StreamPump(
            provider.GetRequiredService<SqliteUsageOutbox>(),
            provider.GetRequiredService<UsageStream>(),
            provider.GetRequiredService<SentRows>(),
            provider.GetRequiredService<Confirmations>(),
            provider.GetRequiredService<StreamWaits>(),
            stream,
            provider.GetRequiredService<MeteringMetrics>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<StreamPump>>()));
        return services;
    }

    /// <summary>
    /// A metering worker: from the stream to the ledger, and what one worker at a time does for all.
    /// </summary>
    /// <exception cref="ValidationException">An option is out of range.</exception>
    public static IServiceCollection AddPodvirtMeteringWorker(this IServiceCollection services, UsageStreamOptions stream)
    {
        AddShared(services, stream);
        services.TryAddSingleton<LeaseHolder>();
        services.AddSingleton(provider => NewWorker(provider, stream));
        services.AddHostedService(static provider => provider.GetRequiredService<UsageWorker>());
        services.AddSingleton(static provider => new GpuTimeLeader(
            provider.GetRequiredService<IBus>(), provider.GetRequiredService<IStateStore>(), provider.GetRequiredService<ILedger>(),
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<GpuTimeLeader>>()));
        services.AddHostedService(static provider => provider.GetRequiredService<GpuTimeLeader>());
        services.AddSingleton<IPendingUsage>(static provider => new PendingStream(
            provider.GetRequiredService<UsageStream>(), provider.GetRequiredService<StreamChain>()));
        services.AddHostedService(static provider => new MeteringLeader(
            provider.GetRequiredService<LeaseHolder>(),
            new InvoiceCloser(
                provider.GetRequiredService<InvoiceBook>(), provider.GetRequiredService<IPendingUsage>(), provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<ILogger<InvoiceCloser>>()),
            provider.GetRequiredService<GpuTimeLeader>()));
        return services;
    }

    private static void AddShared(IServiceCollection services, UsageStreamOptions stream)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(stream);
        Validator.ValidateObject(stream, new ValidationContext(stream), validateAllProperties: true);
        services.TryAddSingleton(TimeProvider.System);
        services.AddLogging();
        services.TryAddSingleton<MeteringMetrics>();
        services.TryAddSingleton<RateBook>();
        services.TryAddSingleton(provider => new UsageStream(provider.GetRequiredService<NatsClient>(), stream));
        services.TryAddSingleton(static provider => new RangeReader(provider.GetRequiredService<NatsClient>(), provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton(static provider => new StreamChain(provider.GetRequiredService<IStateStore>()));
        services.TryAddSingleton(static provider => new RecordedNews(provider.GetRequiredService<NatsClient>()));
        services.TryAddSingleton(static provider => new ParkingStream(provider.GetRequiredService<NatsClient>()));
        services.TryAddSingleton<IParkedUsage>(static provider => provider.GetRequiredService<ParkingStream>());
    }

    private static UsageWorker NewWorker(IServiceProvider provider, UsageStreamOptions stream)
    {
        var time = provider.GetRequiredService<TimeProvider>();
        var writer = new BatchWriter(
            provider.GetRequiredService<IBatchLedger>(), provider.GetRequiredService<RateBook>(), provider.GetRequiredService<ParkingStream>(), provider.GetRequiredService<MeteringMetrics>(), time,
            provider.GetRequiredService<ILogger<BatchWriter>>());
        return new UsageWorker(
            provider.GetRequiredService<UsageStream>(), provider.GetRequiredService<StreamChain>(),
            name => new StreamLane(
                name, provider.GetRequiredService<UsageStream>(), provider.GetRequiredService<RangeReader>(), provider.GetRequiredService<StreamChain>(),
                writer, provider.GetRequiredService<RecordedNews>(), provider.GetRequiredService<ILeases>(), stream, provider.GetRequiredService<ILogger<StreamLane>>()),
            provider.GetRequiredService<LeaseHolder>(), provider.GetRequiredService<RateBook>(), stream,
            provider.GetRequiredService<MeteringMetrics>(), time, provider.GetRequiredService<ILogger<UsageWorker>>());
    }
}
