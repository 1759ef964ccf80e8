using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Podvirt.Messaging;
using Podvirt.Messaging.Leases;
using Podvirt.Metering.Invoices;
using Podvirt.Metering.Invoices.ClickHouse;
using Podvirt.Metering.Invoices.Sqlite;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Ledger.ClickHouse;
using Podvirt.Metering.Ledger.Sqlite;
using Podvirt.Metering.Rating;
using Podvirt.Metering.Rating.ClickHouse;
using Podvirt.Metering.Rating.Sqlite;

namespace Podvirt.Metering;

/// <summary>Which ledger there is: one file of a single process, or the ClickHouse of a cluster.</summary>
public static class LedgerServices
{
    /// <summary>
    /// The ledger, billing, re-rating and cold starts in ClickHouse, by one client for the process. Nothing is asked of it before it is used;
    /// the first use brings the database to this program's schema.
    /// </summary>
    /// <exception cref="ValidationException">An option is out of range.</exception>
    public static IServiceCollection AddPodvirtClickHouseLedger(this IServiceCollection services, ClickHouseOptions options)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(options);
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        services.AddSingleton(_ => new ClickHouseDatabase(options));
        services.AddSingleton<ClickHouseLedger>();
        services.AddSingleton<ILedger>(provider => provider.GetRequiredService<ClickHouseLedger>());
        services.AddSingleton<IBatchLedger>(provider => provider.GetRequiredService<ClickHouseLedger>());
        services.AddSingleton<IBillingLedger, ClickHouseBillingLedger>();
        services.AddSingleton<IReratingLedger, ClickHouseReratingLedger>();
        services.AddSingleton<IColdStartTimes, ClickHouseColdStartTimes>();
        return services;
    }

    /// <summary>
    /// What the ledger in ClickHouse needs done by one process at a time: old minutes and months removed, stale hours rolled up anew. Processes
    /// that have it take turns by a lease; needs <see cref="ILeases"/>.
    /// </summary>
    public static IServiceCollection AddPodvirtClickHouseUpkeep(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<LeaseHolder>();
        services.AddHostedService(provider => new LedgerUpkeep(
            provider.GetRequiredService<ClickHouseLedger>(),
            provider.GetRequiredService<ClickHouseDatabase>(),
            provider.GetRequiredService<IBillingLedger>(),
            provider.GetRequiredService<LeaseHolder>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<LedgerUpkeep>>()));
        return services;
    }

    internal static IServiceCollection AddSqliteLedger(this IServiceCollection services, MeteringOptions options)
    {
        services.AddSingleton(provider =>
            SqliteLedger.Open(Path.Combine(options.DataDirectory, "ledger.db"), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ILedger>(provider => provider.GetRequiredService<SqliteLedger>());
        services.AddSingleton<IBillingLedger, SqliteBillingLedger>();
        services.AddSingleton<IReratingLedger, SqliteReratingLedger>();
        services.AddSingleton<IColdStartTimes, SqliteColdStartTimes>();
        return services;
    }
}
