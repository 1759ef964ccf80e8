using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Podvirt.Messaging;
using Podvirt.Metering.GpuTime;
using Podvirt.Metering.Invoices;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Outbox;
using Podvirt.Metering.Rating;
using Podvirt.Metering.Streams;

namespace Podvirt.Metering;

public static class MeteringServices
{
    /// <summary>
    /// The usage outbox (<c>outbox.db</c>), the rate book, the ledger (<c>ledger.db</c>), the pump between them, and invoices. Needs an
    /// <see cref="IStateStore"/> and an <see cref="IBus"/>. The files open when the host starts and close with the container.
    /// </summary>
    /// <exception cref="ValidationException">An option is out of range.</exception>
    public static IServiceCollection AddPodvirtMetering(this IServiceCollection services, MeteringOptions options)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(options);
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        services.TryAddSingleton(TimeProvider.System);
        services.AddLogging();
        services.AddSingleton<MeteringMetrics>();
        AddOutbox(services, options);
        services.AddSingleton<IParkedUsage>(provider => new ParkedRows(provider.GetRequiredService<SqliteUsageOutbox>()));
        services.AddSingleton<IUsageOutbox>(provider => provider.GetRequiredService<SqliteUsageOutbox>());
        services.AddSqliteLedger(options);
        services.AddPodvirtBilling(options.Billing);
        services.AddSingleton<IConsumption>(provider => new ConsumptionReader(
            provider.GetRequiredService<SqliteUsageOutbox>(), provider.GetRequiredService<ILedger>(), provider.GetRequiredService<RateBook>(), options));
        services.AddHostedService(provider => new GpuTimeMeter(
            provider.GetRequiredService<IBus>(),
            provider.GetRequiredService<ILedger>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<GpuTimeMeter>>()));
        services.AddHostedService(provider => new OutboxPump(
            provider.GetRequiredService<SqliteUsageOutbox>(),
            provider.GetRequiredService<ILedger>(),
            provider.GetRequiredService<RateBook>(),
            options,
            provider.GetRequiredService<MeteringMetrics>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<OutboxPump>>()));
        services.AddHostedService(provider => new InvoiceCloser(
            provider.GetRequiredService<InvoiceBook>(),
            new PendingRows(provider.GetRequiredService<SqliteUsageOutbox>()),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<InvoiceCloser>>()));
        return services;
    }

    /// <summary>The rate book, re-rating and invoices over the ledger that there is. Needs an <see cref="IStateStore"/>.</summary>
    /// <param name="services">The host's services.</param>
    /// <param name="parties">Who stands on the invoices.</param>
    public static IServiceCollection AddPodvirtBilling(this IServiceCollection services, BillingParties parties)
    {
        services.TryAddSingleton<RateBook>();
        services.AddSingleton(provider => new Rerater(
            provider.GetRequiredService<IReratingLedger>(),
            provider.GetRequiredService<RateBook>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new InvoiceBook(
            provider.GetRequiredService<IBillingLedger>(),
            provider.GetRequiredService<RateBook>(),
            provider.GetRequiredService<IStateStore>(),
            parties,
            provider.GetRequiredService<IColdStartTimes>()));
        services.AddSingleton<IReconciliation>(provider => new InvoiceReconciliation(
            provider.GetRequiredService<IBillingLedger>(), provider.GetRequiredService<RateBook>()));
        return services;
    }

    /// <summary>The file of one gateway. Opens when the host starts.</summary>
    internal static void AddOutbox(IServiceCollection services, MeteringOptions options)
    {
        services.AddSingleton(provider => SqliteUsageOutbox.Open(
            options,
            provider.GetRequiredService<MeteringMetrics>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<SqliteUsageOutbox>>()));
        services.AddSingleton<IReplyStore>(provider => provider.GetRequiredService<SqliteUsageOutbox>());
    }
}
