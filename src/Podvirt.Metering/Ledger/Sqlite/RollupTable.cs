using System.Runtime.InteropServices;

namespace Podvirt.Metering.Ledger.Sqlite;

/// <summary>What a rollup row stands for. The bucket is its first microsecond; the project is empty where all are in one row.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct RollupKey(string Project, long BucketUs, string Model, int Revision)
{
    public override string ToString() =>
        $"{Micros.ToTime(BucketUs):yyyy-MM-dd'T'HH:mm:ss'Z'} {(Project.Length > 0 ? $"{Project} " : "")}{Model}@{Revision}";
}

/// <summary>One of the four rollup tables.</summary>
internal sealed class RollupTable
{
    private RollupTable(string name, long lengthUs, bool isByProject)
    {
        Name = name;
        LengthUs = lengthUs;
        IsByProject = isByProject;
    }

    public static RollupTable MinuteByModel { get; } = new("minute_by_model", Micros.Minute, isByProject: false);

    public static RollupTable HourByModel { get; } = new("hour_by_model", Micros.Hour, isByProject: false);

    public static RollupTable MinuteByProject { get; } = new("minute_by_project", Micros.Minute, isByProject: true);

    public static RollupTable HourByProject { get; } = new("hour_by_project", Micros.Hour, isByProject: true);

    public static IReadOnlyList<RollupTable> All { get; } = [MinuteByModel, HourByModel, MinuteByProject, HourByProject];

    public string Name { get; }

    /// <summary>Microseconds of one bucket.</summary>
    public long LengthUs { get; }

    public bool IsByProject { get; }

    public bool IsByMinute => LengthUs == Micros.Minute;

    /// <summary>The key's columns, as in <see cref="RollupKey"/>.</summary>
    public string Key => IsByProject ? "project, bucket_us, model, revision" : "bucket_us, model, revision";

    public static RollupTable Of(long lengthUs, bool isByProject) => All.Single(t => t.LengthUs == lengthUs && t.IsByProject == isByProject);

    public RollupKey KeyOf(RatedRecord rated, long endedUs) =>
        new(IsByProject ? rated.Record.Project : "", Micros.FloorTo(endedUs, LengthUs), rated.Record.Model, rated.Record.Revision);
}
