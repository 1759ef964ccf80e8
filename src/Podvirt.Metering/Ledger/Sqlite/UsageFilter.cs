using Microsoft.Data.Sqlite;
using Podvirt.Core.Usage;

namespace Podvirt.Metering.Ledger.Sqlite;

/// <summary>A query as a condition on raw rows.</summary>
internal static class UsageFilter
{
    /// <summary>The condition; its values are added to the command.</summary>
    public static string Of(SqliteCommand command, UsageQuery query) => Of(command, query, Micros.FirstAt(query.From), Micros.FirstAt(query.To));

    /// <summary>The same for a part of the query's time.</summary>
    public static string Of(SqliteCommand command, UsageQuery query, long fromUs, long toUs)
    {
        if (query.After is { } last)
        {
            // SQLite takes one upper bound from here to where it begins to read: the nearer one must be it.
            toUs = Math.Min(toUs, Micros.Of(last.EndedAt) + 1);
        }
        command.Parameters.AddWithValue("$from", fromUs);
        command.Parameters.AddWithValue("$to", toUs);
        var filter = "ended_us >= $from AND ended_us < $to" + Names(command, query) + Outcome(query);
        if (query.Source is { } source)
        {
            var name = UsageNames.Of(source);
            filter += $" AND source = '{name}'" + (name == UsageNames.Engine ? "" : $" AND source <> '{UsageNames.Engine}'");
        }
        if (query.After is { } after)
        {
            command.Parameters.AddWithValue("$after_us", Micros.Of(after.EndedAt));
            command.Parameters.AddWithValue("$after_id", after.Id.ToByteArray(bigEndian: true));
            filter += " AND (ended_us, id) < ($after_us, $after_id)";
        }
        return filter;
    }

    /// <summary>The condition on the adjustments to the same records. What is billed at zero is never adjusted.</summary>
    public static string OfAdjustments(SqliteCommand command, UsageQuery query, long fromUs, long toUs)
    {
        command.Parameters.AddWithValue("$from", fromUs);
        command.Parameters.AddWithValue("$to", toUs);
        return "ended_us >= $from AND ended_us < $to" + Names(command, query) + Outcome(query) + (query.Source is null or UsageSource.Engine ? "" : " AND FALSE");
    }

    /// <summary>What is asked of models, keys and projects: these stand in some rollups too.</summary>
    public static string Names(SqliteCommand command, UsageQuery query)
    {
        var filter = "";
        foreach (var (column, value) in ((string, object?)[])[("model", query.Model), ("key", query.Key), ("project", query.Project), ("revision", query.Revision)])
        {
            if (value is not null)
            {
                command.Parameters.AddWithValue("$" + column, value);
                filter += $" AND {column} = ${column}";
            }
        }
        return filter;
    }

    private static string Outcome(UsageQuery query)
    {
        if (query.Outcome is not { } outcome)
        {
            return "";
        }
        var name = UsageNames.Of(outcome);
        // The second half is what SQLite needs to see to use the index of the few that did not complete.
        return $" AND outcome = '{name}'" + (name == UsageNames.Completed ? "" : $" AND outcome <> '{UsageNames.Completed}'");
    }
}
