#!/usr/bin/perl
# mail_dmarc_bench.pl: how fast Mail::DMARC, the implementation in Perl, makes reports of the same messages.
#
#   mail_dmarc_bench.pl RECORDS DOMAINS ROWS FOLDER
#
# Stores messages as report_bench makes them into Mail::DMARC's SQLite database in FOLDER, one call for each
# message as its users do, then makes and compresses the report of every policy domain. Prints a line for each
# part, like report_bench's. Mail::DMARC writes one row for each message; what report_bench calls folding, its
# report does not do.
use strict;
use warnings;

use Time::HiRes qw(time);

my ($records, $domains, $rows, $folder) = @ARGV;
die "usage: mail_dmarc_bench.pl RECORDS DOMAINS ROWS FOLDER\n" if !$folder;

my $settings = "$folder/mail-dmarc.ini";
open(my $file, '>', $settings) or die "$settings: $!\n";
print {$file} <<"END";
[organization]
domain = mx.example
org_name = Example
email = reports\@mx.example
extra_contact_info =
[report_store]
backend = SQL
dsn = dbi:SQLite:dbname=$folder/mail-dmarc.sqlite
user =
pass =
[dns]
public_suffix_list = /usr/share/publicsuffix/public_suffix_list.dat
END
close($file) or die "$settings: $!\n";
$ENV{MAIL_DMARC_CONFIG_FILE} = $settings;

require Mail::DMARC;
require Mail::DMARC::Policy;
require Mail::DMARC::Report;

sub show {
    my ($part, $count, $unit, $began) = @_;
    my $spent = time() - $began;
    printf("%-28s %9d %-8s %8.1f s %10.0f %s/s\n", $part, $count, $unit, $spent, $count / $spent, $unit);
    return;
}

sub store_message {
    my ($number) = @_;
    my $row = ($number * 2654435761) % $rows;
    my $name = 'd' . ($row % $domains) . '.com';  # it refuses names below .example
    my $dmarc = Mail::DMARC->new;
    $dmarc->source_ip('192.0.' . (int($row / 256) % 256) . '.' . ($row % 256));
    $dmarc->header_from($name);
    $dmarc->envelope_from($name);
    $dmarc->dkim([{domain => $name, selector => "s$row", result => 'pass', human_result => ''}]);
    $dmarc->spf([{domain => $name, scope => 'mfrom', result => 'pass'}]);
    my $policy = Mail::DMARC::Policy->new("v=DMARC1; p=reject; rua=mailto:rua\@$name");
    $policy->domain($name);
    $policy->apply_defaults;
    $dmarc->result->published($policy);
    $dmarc->result->disposition('none');
    $dmarc->result->dkim('pass');
    $dmarc->result->spf('pass');
    $dmarc->save_aggregate;
    return;
}

my $began = time();
store_message($_) for 0 .. $records - 1;
show('stored', $records, 'records', $began);

# As if the day were over.
my $store = Mail::DMARC::Report->new->store->backend;
$store->db_connect;
$store->query('UPDATE report SET "begin" = "begin" - 200000, "end" = "end" - 200000');
$began = time();
my ($reports, $octets) = (0, 0);
while (my $aggregate = $store->next_todo) {
    my $xml = $aggregate->as_xml;
    Mail::DMARC::Report->new->compress(\$xml);
    $octets += length $xml;
    ++$reports;
}
show('made', $reports, 'reports', $began);
show('XML made of rows', $octets / 1_000_000, 'MB', $began);
