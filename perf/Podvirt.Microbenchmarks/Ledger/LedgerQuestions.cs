using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger;

namespace Podvirt.Microbenchmarks.Ledger;

/// <summary>What is asked of a ledger, as the API asks it.</summary>
internal static class LedgerQuestions
{
    private static readonly DateTimeOffset s_minute = Floor(RandomTraffic.End, TimeSpan.FromMinutes(1));
    private static readonly DateTimeOffset s_hour = Floor(RandomTraffic.End, TimeSpan.FromHours(1)).AddHours(1);

    /// <summary>An exact range of somebody's own: it begins and ends within an hour.</summary>
    private static readonly UsageQuery s_month = new(RandomTraffic.End.AddDays(-30).AddMinutes(-7), RandomTraffic.End.AddMinutes(-11));

    /// <summary>What the console's pages ask, of the whole, of a model and of a project.</summary>
    public static IEnumerable<(string Name, Func<ILedger, Task> Ask)> Dashboard()
    {
        foreach (var (window, hours) in ((string, int)[])[("1 h", 1), ("24 h", 24)])
        {
            yield return ($"last {window}, by model", Figures(Last(hours), FiguresGroup.Model));
            yield return ($"last {window}, by revision", Figures(Last(hours), FiguresGroup.Revision));
            yield return ($"last {window} of a project, by model", Figures(Last(hours) with { Project = RandomTraffic.Project(0) }, FiguresGroup.Model));
            yield return ($"last {window} of a model", Figures(Last(hours) with { Model = RandomTraffic.Model(0) }, FiguresGroup.None));
        }
        foreach (var question in HourlySeries("24 hours", 24))
        {
            yield return question;
        }
        yield return ("series of 60 minutes, by model", Series(Last(1), FiguresStep.Minute, FiguresGroup.Model));
        yield return ("series of 24 hours by the minute, one model", Series(Last(24) with { Model = RandomTraffic.Model(0) }, FiguresStep.Minute, FiguresGroup.None));
        yield return ("changes of revisions within 24 hours", Figures(Hours(24), FiguresGroup.Revision));
        yield return ("requests of all time, by model", async l => await l.RequestTotalsAsync());
        yield return ("newest 100 records", List(s_month));
        yield return ("newest 100 records of a model and project", List(s_month with { Model = RandomTraffic.Model(30), Project = RandomTraffic.Project(15) }));
        yield return ("newest 100 records that were cut short", List(s_month with { Outcome = UsageOutcome.Truncated }));
        yield return ("newest 100 records without counts", List(s_month with { Source = UsageSource.None }));
        yield return ("a page in the middle of the month", List(s_month with { After = new RecordPlace(RandomTraffic.End.AddDays(-15), default) }));
    }

    /// <summary>Series of a longer time than the console shows: the API gives them, with up to 20,000 points.</summary>
    public static IEnumerable<(string Name, Func<ILedger, Task> Ask)> LongSeries() => HourlySeries("7 days", 7 * 24)
        .Append(("hourly series of 35 days, one model", Series(Hours(35 * 24) with { Model = RandomTraffic.Model(3) }, FiguresStep.Hour, FiguresGroup.None)));

    public static IEnumerable<(string Name, Func<ILedger, Task> Ask)> Analytics()
    {
        var day = s_month with { From = s_month.To.AddDays(-1) };
        yield return ("30 days by model, ms", Sum(s_month, UsageGroup.Model));
        yield return ("30 days by day, ms", Sum(s_month, UsageGroup.Day));
        yield return ("30 days of a project by model, ms", Sum(s_month with { Project = RandomTraffic.Project(1) }, UsageGroup.Model));
        yield return ("30 days by project, ms", Sum(s_month, UsageGroup.Project));
        yield return ("24 hours by key, ms", Sum(day, UsageGroup.Key));
        yield return ("24 hours by outcome, ms", Sum(day, UsageGroup.Outcome));
        yield return ("30 days by key, ms", Sum(s_month, UsageGroup.Key));
    }

    private static IEnumerable<(string Name, Func<ILedger, Task> Ask)> HourlySeries(string name, int hours) =>
    [
        ($"hourly series of {name}", Series(Hours(hours), FiguresStep.Hour, FiguresGroup.None)),
        ($"hourly series of {name}, by model", Series(Hours(hours), FiguresStep.Hour, FiguresGroup.Model)),
        ($"hourly series of {name}, one model by revision", Series(Hours(hours) with { Model = RandomTraffic.Model(3) }, FiguresStep.Hour, FiguresGroup.Revision)),
        ($"hourly series of {name}, one project by model", Series(Hours(hours) with { Project = RandomTraffic.Project(2) }, FiguresStep.Hour, FiguresGroup.Model)),
    ];

    private static FiguresQuery Last(int hours) => new(s_minute.AddHours(-hours), s_minute.AddMinutes(1));

    private static FiguresQuery Hours(int hours) => new(s_hour.AddHours(-hours), s_hour);

    private static Func<ILedger, Task> Figures(FiguresQuery query, FiguresGroup group) => async l => await l.FiguresAsync(query, group);

    private static Func<ILedger, Task> Series(FiguresQuery query, FiguresStep step, FiguresGroup group) => async l => await l.SeriesAsync(query, step, group);

    private static Func<ILedger, Task> Sum(UsageQuery query, UsageGroup group) => async l => await l.SumAsync(query, group);

    private static Func<ILedger, Task> List(UsageQuery query) => async l =>
    {
        if ((await l.ListAsync(query, 100)).Count != 100)
        {
            throw new InvalidOperationException("There are fewer records than this question is about.");
        }
    };

    private static DateTimeOffset Floor(DateTimeOffset time, TimeSpan step) => new(time.UtcTicks - (time.UtcTicks % step.Ticks), TimeSpan.Zero);
}
