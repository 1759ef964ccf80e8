using Microsoft.Extensions.Logging;
using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Lifecycle;

namespace Podvirt.Scheduler;

/// <summary>Every log line of this room. Ids 2000 to 2099; an id is never used again for something else.</summary>
internal static partial class SchedulerLog
{
    [LoggerMessage(2000, LogLevel.Information, "{Model}: replica {Replica} {From} --{Trigger}--> {To}")]
    public static partial void Moved(ILogger logger, string model, string replica, ReplicaState from, ReplicaTrigger trigger, string to);

    [LoggerMessage(2001, LogLevel.Warning, "{Model}: replica {Replica} broke while {State}: {Reason}")]
    public static partial void Broke(ILogger logger, string model, string replica, ReplicaState state, string reason);

    [LoggerMessage(2002, LogLevel.Debug, "Result {Result} of replica {Replica}, attempt {Attempt}, comes too late and is ignored")]
    public static partial void LateResult(ILogger logger, string replica, string result, int attempt);

    [LoggerMessage(2003, LogLevel.Information, "{Model}: replica {Replica} placed on [{Gpus}]")]
    public static partial void Placed(ILogger logger, string model, string replica, string gpus);

    [LoggerMessage(2004, LogLevel.Information, "{Model}: idle replica {Replica} did not drain in time and serves on")]
    public static partial void DrainTimedOut(ILogger logger, string model, string replica);

    [LoggerMessage(2005, LogLevel.Warning,
        "{Model}: replica {Replica} is stopped with {InFlight} requests in flight: its drain took too long")]
    public static partial void DrainForced(ILogger logger, string model, string replica, int inFlight);

    [LoggerMessage(2050, LogLevel.Warning, "{Model}: replica {Replica} is stopped with {Jobs} unfinished video jobs, which are lost: they took too long")]
    public static partial void JobsLost(ILogger logger, string model, string replica, int jobs);

    [LoggerMessage(2006, LogLevel.Information, "{Model}: a gateway had trouble with replica {Replica}: {Kind} {Detail}")]
    public static partial void Trouble(ILogger logger, string model, string replica, TroubleKind kind, string detail);

    [LoggerMessage(2007, LogLevel.Information, "Scheduler epoch {Epoch} with {Gpus} gpus")]
    public static partial void Started(ILogger logger, long epoch, int gpus);

    [LoggerMessage(2008, LogLevel.Error, "The scheduler's {Task} ended unexpectedly and is started again")]
    public static partial void TaskFailed(ILogger logger, string task, Exception exception);

    [LoggerMessage(2009, LogLevel.Error, "The catalog in the state store cannot be read; the last good one stays in force")]
    public static partial void CatalogUnreadable(ILogger logger, Exception exception);

    [LoggerMessage(2010, LogLevel.Warning, "{Model}: its start history cannot be read and begins anew")]
    public static partial void HistoryUnreadable(ILogger logger, string model, Exception exception);

    [LoggerMessage(2011, LogLevel.Warning, "{Model}: its start history cannot be written")]
    public static partial void HistoryUnwritten(ILogger logger, string model, Exception exception);

    [LoggerMessage(2012, LogLevel.Warning, "The routes could not be published; the next repetition carries them")]
    public static partial void PublishFailed(ILogger logger, Exception exception);

    [LoggerMessage(2013, LogLevel.Warning, "Process {Pid} of an earlier run (replica {Replica}) was still there and has been killed")]
    public static partial void LeftoverRemoved(ILogger logger, int pid, string replica);

    [LoggerMessage(2014, LogLevel.Warning, "nvidia-smi: {Detail}")]
    public static partial void NvidiaSmi(ILogger logger, string detail);

    [LoggerMessage(2015, LogLevel.Warning, "Replica {Replica} ignored SIGTERM for {Grace} and was killed")]
    public static partial void Killed(ILogger logger, string replica, TimeSpan grace);

    [LoggerMessage(2016, LogLevel.Warning, "The log of replica {Replica} could not be bounded: {Detail}")]
    public static partial void LogUnbounded(ILogger logger, string replica, string detail);

    [LoggerMessage(2017, LogLevel.Error, "Stopping replica {Replica} failed")]
    public static partial void StopFailed(ILogger logger, string replica, Exception exception);

    [LoggerMessage(2018, LogLevel.Information, "Replica {Replica}: pid {Pid} started: {Command}")]
    public static partial void Spawned(ILogger logger, string replica, int pid, string command);

    [LoggerMessage(2019, LogLevel.Information, "Replica {Replica}: pid {Pid} ended: {Detail}")]
    public static partial void Exited(ILogger logger, string replica, int pid, string detail);

    [LoggerMessage(2021, LogLevel.Warning, "The log of replica {Replica} could not be read: {Detail}")]
    public static partial void LogUnreadable(ILogger logger, string replica, string detail);

    [LoggerMessage(2022, LogLevel.Error, "{Model}: the intent to {Effect} replica {Replica} could not be written")]
    public static partial void IntentUnwritten(ILogger logger, string model, string replica, IntentEffect effect, Exception exception);

    [LoggerMessage(2023, LogLevel.Warning, "The served intent of replica {Replica} could not be deleted")]
    public static partial void IntentUndeleted(ILogger logger, string replica, Exception exception);

    [LoggerMessage(2024, LogLevel.Warning, "A message on {Subject} could not be published")]
    public static partial void FleetUnpublished(ILogger logger, string subject, Exception exception);

    [LoggerMessage(2025, LogLevel.Warning, "{Model}: the {Effect} of replica {Replica}, begun {Since:u}, was under way when an earlier run ended")]
    public static partial void IntentFound(ILogger logger, string model, string replica, IntentEffect effect, DateTimeOffset since);

    [LoggerMessage(2026, LogLevel.Warning, "The intent under {Key} cannot be read and is removed")]
    public static partial void IntentUnreadable(ILogger logger, string key, Exception exception);

    [LoggerMessage(2020, LogLevel.Error, "A step of replica {Replica} failed in an unforeseen way")]
    public static partial void StepThrew(ILogger logger, string replica, Exception exception);

    [LoggerMessage(2091, LogLevel.Error, "A probe of {Probed} failed in an unforeseen way")]
    public static partial void ProbeThrew(ILogger logger, string probed, Exception exception);

    [LoggerMessage(2027, LogLevel.Warning, "{Model}: an operator's order to sleep could not be written down, or taken back; after a restart it may be forgotten, or still hold")]
    public static partial void OrderUnwritten(ILogger logger, string model, Exception exception);

    [LoggerMessage(2040, LogLevel.Information, "{Model}: replica {Replica} of an earlier run is {State} and taken over")]
    public static partial void AdoptedReplica(ILogger logger, string model, string replica, string state);

    [LoggerMessage(2041, LogLevel.Warning, "{Model}: replica {Replica} of an earlier run, pid {Pid}, is removed: {Reason}")]
    public static partial void NotAdopted(ILogger logger, string model, string replica, int pid, string reason);

    [LoggerMessage(2090, LogLevel.Error, "A question for the log of {Model}{Replica} was not answered")]
    public static partial void LogQueryUnanswered(ILogger logger, string model, string replica, Exception exception);

    [LoggerMessage(2060, LogLevel.Information, "{Scheduler} stands by for the lead of the schedulers")]
    public static partial void StandsBy(ILogger logger, string scheduler);

    [LoggerMessage(2061, LogLevel.Information, "{Scheduler} leads the schedulers now, in epoch {Epoch}")]
    public static partial void Leads(ILogger logger, string scheduler, long epoch);

    [LoggerMessage(2062, LogLevel.Warning, "{Scheduler} has lost the lead of the schedulers: {Reason}. It decides nothing any more and stands by; replicas go on")]
    public static partial void LostLead(ILogger logger, string scheduler, string reason);

    [LoggerMessage(2063, LogLevel.Information, "{Scheduler} has left the lead of the schedulers to others; replicas go on")]
    public static partial void LeftLead(ILogger logger, string scheduler);

    [LoggerMessage(2065, LogLevel.Warning, "The lease of the scheduler's lead could not be released; it ends by its time")]
    public static partial void LeaseUnreleased(ILogger logger, Exception exception);

    [LoggerMessage(2066, LogLevel.Warning, "The lease of the scheduler's lead could not be asked for; it is tried again until it is")]
    public static partial void LeaseUntaken(ILogger logger, Exception exception);

    [LoggerMessage(2067, LogLevel.Warning, "{Model}: the {Effect} of replica {Replica} is refused: this scheduler does not lead any more")]
    public static partial void EffectRefused(ILogger logger, string model, string replica, IntentEffect effect);

    [LoggerMessage(2068, LogLevel.Warning, "{Model}: the intent to {Effect} replica {Replica} waits for the state store: {Problem}")]
    public static partial void IntentWaits(ILogger logger, string model, string replica, IntentEffect effect, string problem);

    [LoggerMessage(2069, LogLevel.Warning, "{Model}: replica {Replica} runs, and this scheduler knows nothing of it: an earlier leader started it late. It is removed")]
    public static partial void StrayRemoved(ILogger logger, string model, string replica);

    [LoggerMessage(2070, LogLevel.Warning, "Replica {Replica}, which this scheduler knows nothing of, could not be removed; it is tried again")]
    public static partial void StrayLeft(ILogger logger, string replica, Exception exception);

    [LoggerMessage(2071, LogLevel.Warning, "{Model}: replica {Replica} is taken over although {Difference}: it serves until it is replaced")]
    public static partial void AdoptedOutdated(ILogger logger, string model, string replica, string difference);

    [LoggerMessage(2072, LogLevel.Warning, "An operator's order {Order} could not be answered")]
    public static partial void OrderUnanswered(ILogger logger, string order, Exception exception);

    [LoggerMessage(2073, LogLevel.Warning, "{Model}: replica {Replica} is {State} by what was decided, and its engine says otherwise: an earlier leader's call reached it late")]
    public static partial void EngineDiffers(ILogger logger, string model, string replica, ReplicaState state);
}
