#!/usr/bin/perl
#
# docs.pl - runs the command blocks of Markdown files and compares their output
#
# SYNOPSIS
#     tools/dev/docs.pl FILE...
#
# DESCRIPTION
#     Runs in the current folder, which the commands may change: test_docs.sh gives it a copy of the
#     tree. What it reads in a file:
#
#     ```console          a command block. A line "$ COMMAND" is run by sh; a backslash at its end
#                         continues it. The lines up to the next command are its output: standard
#                         output and standard error together.
#
#                         A line of "…" alone stands for any number of lines, and "…" within a line
#                         for any text. Blanks at the ends of lines do not count.
#
#                         Before lines are compared, "N" replaces a number that varies: one before
#                         " s", " ms" or a unit of memory (KiB, MiB, GiB), one after
#                         "gmime", "openssl", "glib" or "zlib", and one after "about".
#
#                         A command may end with status 0 or 1. Any other status has to be shown by
#                         "$ echo $?" as the next command, which may stand after status 1, too.
#
#     <!-- not run: REASON -->   before a command block: it is counted and named, but not run.
#     <!-- file: NAME -->        before any other block: its text becomes the file NAME.
#
#     In no other block may a line begin with "$ ".
#
#     Each relative link has to lead to a file, and its #anchor to a heading. A path in backquotes
#     that begins with a folder of the tree has to exist, unless it is a pattern: one with NAME,
#     MINE, <...>, * or … in it.
#
# DIAGNOSTICS
#     Each error as FILE:LINE: what. Exit status: 0; 1 for an error, or where no command was run.

use strict;
use warnings;

my $TIMEOUT_S = 60;
my $ELLIPSIS = "\xe2\x80\xa6"; # in UTF-8; files and outputs are bytes

my ($commands, $links, $paths, $errors) = (0) x 4;
my @not_run;

sub error {
    my ($where, $text) = @_;
    print "$where: $text\n";
    $errors++;
}

sub mask {
    my ($text) = @_;
    $text =~ s/[ \t]+$//mg;
    $text =~ s/\b\d[\d.,]*(?= (?:s|ms|KiB|MiB|GiB)\b)/N/g;
    $text =~ s/\b(gmime|openssl|glib|zlib|about) \d[\w.]*/$1 N/gi;
    return $text;
}

# What a shown output matches: a pattern of whole lines.
sub pattern {
    my $pattern = '';
    for my $line (split /\n/, mask(join "\n", @_)) {
        if ($line =~ /^\s*$ELLIPSIS$/) {
            $pattern .= '(?:[^\n]*\n)*?';
        } else {
            $pattern .= join('[^\n]*?', map { quotemeta } split /$ELLIPSIS/, $line, -1) . '\n';
        }
    }
    return qr/\A$pattern\z/;
}

sub run_command {
    my ($command, $status_before) = @_;
    open my $script, '>', '.docs-command' or die $!;
    print $script "(exit $status_before)\n$command\n";
    close $script;
    my $output = `timeout $TIMEOUT_S sh .docs-command 2>&1 </dev/null`;
    my $status = $? >> 8;
    unlink '.docs-command';
    $output .= "\n" if $output ne '' && $output !~ /\n\z/;
    return ($status, $output);
}

# Runs a block's commands; @lines are [number, text].
sub run_block {
    my ($file, @lines) = @_;
    my (@steps, $status);
    while (my $line = shift @lines) {
        my ($number, $text) = @$line;
        if ($text =~ s/^\$ //) {
            $text .= "\n" . (shift @lines)->[1] while $text =~ /\\$/ && @lines;
            push @steps, { where => "$file:$number", command => $text, output => [] };
        } elsif (@steps) {
            push @{ $steps[-1]{output} }, $text;
        } else {
            error("$file:$number", 'output before the first command');
        }
    }
    $status = 0;
    for my $i (0 .. $#steps) {
        my ($where, $command) = @{ $steps[$i] }{qw(where command)};
        my $output;
        ($status, $output) = run_command($command, $status);
        $commands++;
        my $is_shown = $i < $#steps && $steps[$i + 1]{command} eq 'echo $?';
        error($where, "status $status of: $command\n$output") if $status > 1 && !$is_shown;
        next if mask($output) =~ pattern(@{ $steps[$i]{output} });
        error($where, "another output of: $command");
        print map { "    -$_\n" } @{ $steps[$i]{output} };
        print map { "    +$_\n" } split /\n/, $output;
    }
}

# As GitHub makes them of headings.
sub anchors {
    my ($file) = @_;
    my (%anchors, $in_block);
    open my $in, '<', $file or return {};
    while (<$in>) {
        $in_block = !$in_block if /^```/;
        next if $in_block || !/^#+ (.*?)\s*$/;
        my $anchor = lc $1;
        $anchor =~ s/[^\w\- ]//g;
        $anchor =~ tr/ /-/;
        $anchors{$anchor} = 1;
    }
    return \%anchors;
}

sub check_text {
    my ($file, $where, $text) = @_;
    my ($folder) = $file =~ m{^(.*/)?[^/]*$};
    $folder //= '';
    while ($text =~ /\]\(([^)\s]+)\)/g) {
        my ($path, $anchor) = $1 =~ /^([^#]*)#?(.*)$/;
        next if $path =~ /^[a-z]+:/;
        $links++;
        my $to = $path eq '' ? $file : "$folder$path";
        if (!-e $to) {
            error($where, "dead link: $path");
        } elsif ($anchor ne '' && !anchors($to)->{$anchor}) {
            error($where, "no heading for the link: $path#$anchor");
        }
    }
    while ($text =~ /`([^`\s]+)`/g) {
        my $path = $1;
        next unless $path =~ m{^(?:harness|fuzz|tools|regressions|seeds|\.github|\.ci)/};
        next if $path =~ /NAME|MINE|SLUG|TARGET|<|\*|$ELLIPSIS/;
        $paths++;
        error($where, "no such file: $path") unless -e $path;
    }
}

sub check_file {
    my ($file) = @_;
    my ($language, $comment, @block);
    open my $in, '<', $file or return error($file, "cannot be read: $!");
    while (my $line = <$in>) {
        chomp $line;
        my $where = "$file:$.";
        if (!defined $language) {
            if ($line =~ /^```(\w*)$/) {
                $language = $1;
                @block = ();
                error($where, 'a block without a language') if $language eq '';
                next;
            }
            if ($line =~ /^<!-- ((?:not run|file): .*) -->$/) {
                $comment = $1;
                next;
            }
            error($where, 'a command outside of a console block') if $line =~ /^\s+\$ /;
            check_text($file, $where, $line);
            next;
        }
        if ($line ne '```') {
            error($where, "a command in a block of $language")
                if $language ne 'console' && $line =~ /^\$ /;
            push @block, [$., $line];
            next;
        }
        my ($key, $value) = split /: /, $comment // '', 2;
        if ($language ne 'console') {
            if (($key // '') eq 'file') {
                open my $out, '>', $value or die "$value: $!";
                print $out map { "$_->[1]\n" } @block;
                close $out;
            }
        } elsif (($key // '') eq 'not run') {
            push @not_run, "$file:$block[0][0]: not run: $value";
        } else {
            run_block($file, @block);
        }
        undef $language;
        undef $comment;
    }
    error($file, 'its last block has no end') if defined $language;
    close $in;
}

check_file($_) for @ARGV;
print "$_\n" for @not_run;
error($0, 'no command was run') if !$commands;
printf "docs: %d errors in %d files: %d commands run, %d blocks not run, %d links, %d paths\n",
    $errors, scalar @ARGV, $commands, scalar @not_run, $links, $paths;
exit($errors ? 1 : 0);
