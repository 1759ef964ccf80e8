using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using Podvirt.Messaging.Sqlite;

namespace Podvirt.Metering.Ledger.Sqlite;

/// <summary>
/// What dashboards show, from rollups alone: minutes up to the first whole hour, hours, and the minutes after the last one.
/// So a day of a ledger of any size is a hundred rows for each model.
/// </summary>
internal static class FiguresQueries
{
    public static FiguresReport Figures(SqliteConnection connection, FiguresQuery query, FiguresGroup group)
    {
        var (fromUs, toUs) = Bounds(query, Micros.Minute);
        using var moment = connection.BeginTransaction(deferred: true);
        var minutesFromUs = MinutesFrom(connection);
        var firstHour = Math.Min(toUs, Micros.FloorTo(fromUs + Micros.Hour - 1, Micros.Hour));
        var endHour = Math.Max(firstHour, Micros.FloorTo(toUs, Micros.Hour));

        var sums = new Dictionary<GroupKey, GroupSum>();
        void Add(long bucketUs, in GroupKey key, Statement row)
        {
            ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(sums, key, out _);
            sum ??= new GroupSum();
            sum.FirstUs = Math.Min(sum.FirstUs, bucketUs);
            sum.Rollup.AddRow(row, RowReader.FirstSum);
        }
        using var reader = new RowReader(connection, query, group);
        reader.ReadMinutes(fromUs, firstHour, minutesFromUs, Add);
        reader.Read(Micros.Hour, firstHour, endHour, Add);
        reader.ReadMinutes(endHour, toUs, minutesFromUs, Add);
        var total = new Rollup();
        foreach (var sum in sums.Values)
        {
            total.Add(sum.Rollup);
        }
        var rows = sums.OrderBy(s => s.Key.Model, StringComparer.Ordinal).ThenBy(s => s.Key.Revision)
            .Select(s => new FiguresRow(s.Key.Model, s.Key.Revision, Micros.ToTime(s.Value.FirstUs), s.Value.Rollup.ToFigures()));
        return new FiguresReport(total.ToFigures(), group == FiguresGroup.None ? [] : [.. rows]);
    }

    public static List<FiguresPoint> Series(SqliteConnection connection, FiguresQuery query, FiguresStep step, FiguresGroup group)
    {
        var length = step == FiguresStep.Hour ? Micros.Hour : Micros.Minute;
        var (fromUs, toUs) = Bounds(query, length);
        using var moment = connection.BeginTransaction(deferred: true);
        var points = new List<FiguresPoint>();
        // Rows come by time and group: one is summed up at a time.
        var rollup = new Rollup();
        var (atUs, at) = (0L, default(GroupKey?));
        void End()
        {
            if (at is { } ended)
            {
                points.Add(new FiguresPoint(Micros.ToTime(atUs), ended.Model, ended.Revision, rollup.ToFigures()));
                rollup.Clear();
            }
        }
        void Add(long bucketUs, in GroupKey key, Statement row)
        {
            if (at != key || atUs != bucketUs)
            {
                End();
                (atUs, at) = (bucketUs, key);
            }
            rollup.AddRow(row, RowReader.FirstSum);
        }
        using var rows = new RowReader(connection, query, group);
        if (step == FiguresStep.Hour)
        {
            rows.Read(length, fromUs, toUs, Add);
        }
        else
        {
            rows.ReadMinutes(fromUs, toUs, MinutesFrom(connection), Add);
        }
        End();
        return points;
    }

    private static (long FromUs, long ToUs) Bounds(FiguresQuery query, long length)
    {
        var bounds = (FromUs: Micros.Of(query.From), ToUs: Micros.Of(query.To));
        return IsAt(query.From, length) && IsAt(query.To, length)
            ? bounds
            : throw new ArgumentException($"The bounds {query.From:O} and {query.To:O} do not stand at the beginning of a {(length == Micros.Hour ? "UTC hour" : "minute")}.", nameof(query));
    }

    private static bool IsAt(DateTimeOffset bound, long length) => bound.UtcTicks % (length * TimeSpan.TicksPerMicrosecond) == 0;

    private static long MinutesFrom(SqliteConnection connection)
    {
        using var select = new Statement(connection, LedgerMarks.Select);
        return LedgerMarks.Read(select, LedgerMarks.MinutesFrom) ?? long.MinValue;
    }

    private delegate void AddRow(long bucketUs, in GroupKey key, Statement row);

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct GroupKey(string Model, int Revision);

    private sealed class GroupSum
    {
        public long FirstUs { get; set; } = long.MaxValue;

        public Rollup Rollup { get; } = new();
    }

    /// <summary>Reads the rollup rows of one query.</summary>
    private sealed class RowReader(SqliteConnection connection, FiguresQuery query, FiguresGroup group) : IDisposable
    {
        /// <summary>After bucket, model and revision.</summary>
        public const int FirstSum = 3;

        private readonly NameCache _names = new();
        private readonly Dictionary<long, Statement> _selects = [];

        public void ReadMinutes(long fromUs, long toUs, long minutesFromUs, AddRow add)
        {
            if (fromUs < toUs && fromUs < minutesFromUs)
            {
                throw new ArgumentException(
                    $"The minutes before {Micros.ToTime(minutesFromUs):yyyy-MM-dd HH:mm}Z were removed; from there back there are whole hours only.", nameof(fromUs));
            }
            Read(Micros.Minute, fromUs, toUs, add);
        }

        public void Read(long length, long fromUs, long toUs, AddRow add)
        {
            if (fromUs >= toUs)
            {
                return;
            }
            var select = Select(length);
            while (select.Step())
            {
                var model = group == FiguresGroup.None ? "" : _names.Of(select.Bytes(1));
                add(select.Number(0), new GroupKey(model, group == FiguresGroup.Revision ? (int)select.Number(2) : 0), select);
            }

            Statement Select(long bucket)
            {
                if (!_selects.TryGetValue(bucket, out var statement))
                {
                    _selects.Add(bucket, statement = Prepare(bucket));
                }
                statement.Bind(1, fromUs);
                statement.Bind(2, toUs);
                var next = 3;
                if (query.Project is { } project)
                {
                    statement.Bind(next++, project);
                }
                if (query.Model is { } model)
                {
                    statement.Bind(next, model);
                }
                return statement;
            }
        }

        public void Dispose()
        {
            foreach (var select in _selects.Values)
            {
                select.Dispose();
            }
        }

        private Statement Prepare(long length)
        {
            var table = RollupTable.Of(length, isByProject: query.Project is not null);
            return new Statement(
                connection,
                $"SELECT bucket_us, model, revision, {Rollup.Columns} FROM {table.Name} WHERE bucket_us >= $from AND bucket_us < $to"
                + (query.Project is null ? "" : " AND project = $project") + (query.Model is null ? "" : " AND model = $model")
                + $" ORDER BY {table.Key}");
        }
    }
}
