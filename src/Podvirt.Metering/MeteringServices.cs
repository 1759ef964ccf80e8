using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Podvirt.Messaging;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Ledger.Sqlite;
using Podvirt.Metering.Outbox;
using Podvirt.Metering.Rating;

namespace Podvirt.Metering;

public static class MeteringServices
{
    /// <summary>
    /// The usage outbox (<c>outbox.db</c>), the rate book, the ledger (<c>ledger.db</c>) and the pump between them. Needs an
    /// <see cref="IStateStore"/>. The files open when the host starts and close with the container.
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
        services.AddSingleton(provider => SqliteUsageOutbox.Open(
            options,
            provider.GetRequiredService<MeteringMetrics>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<SqliteUsageOutbox>>()));
        services.AddSingleton<IUsageOutbox>(provider => provider.GetRequiredService<SqliteUsageOutbox>());
        services.AddSingleton<ILedger>(provider =>
            SqliteLedger.Open(Path.Combine(options.DataDirectory, "ledger.db"), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<RateBook>();
        services.AddSingleton<IRates>(provider => provider.GetRequiredService<RateBook>());
        services.AddSingleton<IConsumption>(provider => new ConsumptionReader(
            provider.GetRequiredService<SqliteUsageOutbox>(), provider.GetRequiredService<ILedger>(), provider.GetRequiredService<RateBook>(), options));
        services.AddHostedService(provider => new OutboxPump(
            provider.GetRequiredService<SqliteUsageOutbox>(),
            provider.GetRequiredService<ILedger>(),
            provider.GetRequiredService<RateBook>(),
            options,
            provider.GetRequiredService<MeteringMetrics>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<OutboxPump>>()));
        return services;
    }
}
