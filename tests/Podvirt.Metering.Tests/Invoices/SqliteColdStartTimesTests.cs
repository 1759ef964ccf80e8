namespace Podvirt.Metering.Tests.Invoices;

public sealed class SqliteColdStartTimesTests() : ColdStartTimesContract(LedgerRooms.Sqlite());
